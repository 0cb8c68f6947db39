import { randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ProducerApp } from '../producer-app.js';

export type Headers = Record<string, string>;

/** Where the producer of these tests says that it is: the default. */
export const ISSUER = 'http://127.0.0.1:3000';

export const bearer = (token: string | undefined): Headers => ({ authorization: `Bearer ${String(token)}` });
export const basic = (user: string | undefined, password: string | undefined): Headers => ({
  authorization: `Basic ${Buffer.from(`${String(user)}:${String(password)}`).toString('base64')}`,
});

/** An access token for a credential, by its secret; of `scope` where that is given. */
export function obtainToken(
  producer: ProducerApp,
  { id = '', apiKey = '' }: Record<string, string>,
  scope?: string,
): Promise<string> {
  return grant(producer, { client_id: id, client_secret: apiKey, ...(scope === undefined ? {} : { scope }) });
}

/** An access token for a credential that has public keys, by an assertion. */
export async function obtainTokenByAssertion(producer: ProducerApp, id: string, key: KeyObject): Promise<string> {
  return grant(producer, {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(id, key),
  });
}

export function assertion(id: string, key: KeyObject): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(`${ISSUER}/oauth/token`)
    .setJti(randomUUID())
    .setExpirationTime('1 min')
    .sign(key);
}

async function grant(producer: ProducerApp, parameters: Record<string, string>): Promise<string> {
  const { status, text, body } = await producer.call<{ access_token: string }>('POST', '/oauth/token', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString(),
  });
  if (status !== 200) throw new Error(`No token: ${status} ${text}`);
  return body.access_token;
}
