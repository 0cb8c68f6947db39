import { createHash, timingSafeEqual } from 'node:crypto';
import { SignatureError } from './signature-error.js';

/** One digest, and SHA-256: of several, which one was checked would be chance. */
const VALUE = /^sha-256=:([A-Za-z0-9+/]{43}=):$/;

/** The value of the `content-digest` header (RFC 9530): `sha-256=:<base64>:`. */
export function contentDigest(body: string | Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
}

/** @throws SignatureError `malformed_signature`; `no_matching_signature` for another body */
export function requireDigest(header: string, body: string | Uint8Array): void {
  if (!VALUE.test(header)) {
    throw new SignatureError(
      'malformed_signature',
      'The content-digest header is not one SHA-256 digest (sha-256=:…:)',
    );
  }
  if (timingSafeEqual(Buffer.from(header), Buffer.from(contentDigest(body)))) return;
  throw new SignatureError(
    'no_matching_signature',
    'The content-digest header is of another body. Are these the raw bytes, not a body parsed and made text again?',
  );
}
