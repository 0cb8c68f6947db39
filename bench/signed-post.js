import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

/** A signing key as a `whsec_` secret holds it. */
export const newKey = () => createSecretKey(randomBytes(32));

/** Headers of a Standard Webhooks POST, signed the cheapest way that Node has. */
export function signedHeaders(key, id, body) {
  const timestamp = Math.floor(Date.now() / 1_000);
  return {
    'content-type': 'application/json',
    'user-agent': 'baseline/1',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  };
}

/** Whether the signature of a received POST is good. */
export function verifies(key, headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  return signature === `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}
