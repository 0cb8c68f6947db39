import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RawBodyRequest } from '@nestjs/common';
import { DeliveryRefusedError } from './delivery-refused.js';
import { headerValues } from './headers.js';

/** What a header that holds a signature says: `sha256=` or `sha1=`, and the HMAC of the raw body in lower-case hex. */
const SCHEMES = {
  'x-hub-signature-256': { algorithm: 'sha256', pattern: /^sha256=([0-9a-f]{64})$/ },
  'x-hub-signature': { algorithm: 'sha1', pattern: /^sha1=([0-9a-f]{40})$/ },
} as const;

export type SignatureHeader = keyof typeof SCHEMES;

/** A request of Fastify, as far as it matters. */
export type SignedRequest = RawBodyRequest<{ raw: IncomingMessage }>;

/**
 * The raw body, once its signature is known to be right under one of the secrets. Of the headers given, the first that is there decides: name the
 * stronger one first, and a right SHA-1 does not make up for a wrong SHA-256.
 *
 * @throws DeliveryRefusedError `bad_signature`, whatever is wrong
 */
export function verifiedBody(
  { raw, rawBody = Buffer.alloc(0) }: SignedRequest,
  headers: readonly SignatureHeader[],
  secrets: readonly KeyObject[],
): Buffer {
  const header = headers.find((name) => headerValues(raw, name).length > 0);
  if (header === undefined) throw refused(`There is no ${headers.join(' or ')} header; is a secret set at the sender?`);
  const [value = '', ...others] = headerValues(raw, header);
  // Which of two was checked would be chance.
  if (others.length > 0) throw refused(`There is more than one ${header} header`);
  if (!isSigned(rawBody, header, value, secrets)) {
    throw refused(`The ${header} header does not fit the body and the secrets; is it the secret of this webhook?`);
  }
  return rawBody;
}

/** Whether the header's value is the signature of the bytes under one of the secrets. Compared in constant time. */
export function isSigned(
  body: Uint8Array,
  header: SignatureHeader,
  value: string,
  secrets: readonly KeyObject[],
): boolean {
  const { algorithm, pattern } = SCHEMES[header];
  const hex = pattern.exec(value)?.[1];
  if (hex === undefined) return false;
  const given = Buffer.from(hex, 'hex');
  return secrets.some((secret) => timingSafeEqual(createHmac(algorithm, secret).update(body).digest(), given));
}

function refused(message: string): DeliveryRefusedError {
  return new DeliveryRefusedError('bad_signature', message);
}
