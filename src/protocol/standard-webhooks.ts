import { createHmac, type KeyObject, sign } from 'node:crypto';
import { type PreparedSecret, prepareSecret, type Secret } from './secrets.js';
import { SignatureError } from './signature-error.js';

/** What a Standard Webhooks signature covers: `<id>.<timestamp>.<body>`. */
export interface SignedContent {
  /** Visible ASCII without full stop and comma, 256 characters at most. */
  id: string;
  /** Unix seconds, or their ten digits. */
  timestamp: number | string;
  /** The exact bytes on the wire; text is taken as UTF-8. */
  body: string | Uint8Array;
}

/**
 * A full stop would let bytes move between id, timestamp and body under one signature (`a.1.2` is `a` at 1 as well as `a.1` at 2);
 * a comma is how HTTP joins repeated headers.
 */
const ID = /^[\x21-\x2b\x2d\x2f-\x7e]{1,256}$/;
/** Ten digits: 2001 to 2286. */
const TIMESTAMP = /^\d{10}$/;

/** What is wrong with the id or the timestamp as a part of signed content, if anything is. */
export function faultOf({ id, timestamp }: Omit<SignedContent, 'body'>): 'bad_id' | 'bad_timestamp' | undefined {
  if (!ID.test(id)) return 'bad_id';
  if (!TIMESTAMP.test(String(timestamp))) return 'bad_timestamp';
  return undefined;
}

/**
 * The value of the `webhook-signature` header (Standard Webhooks): one `v1` (HMAC-SHA256) per `whsec_` secret and one `v1a`
 * (Ed25519) per `whsk_` key, in their order, delimited by spaces. Signing with several lets receivers change over in their own time.
 *
 * @throws SignatureError `bad_id`, `bad_timestamp`; `bad_secret` without any secret or with one that cannot sign
 */
export function signStandard({ secrets, ...content }: SignedContent & { secrets: readonly Secret[] }): string {
  const fault = faultOf(content);
  if (fault === 'bad_id')
    throw new SignatureError(fault, 'A webhook id is 1 to 256 visible ASCII characters without full stop and comma');
  if (fault === 'bad_timestamp')
    throw new SignatureError(fault, 'A webhook timestamp is Unix seconds; were these milliseconds?');
  if (secrets.length === 0) throw new SignatureError('bad_secret', 'There is no secret to sign with');
  return secrets.map((secret) => signature(prepareSecret(secret), content)).join(' ');
}

function signature(secret: PreparedSecret, content: SignedContent): string {
  if (secret.scheme === 'v1') return `v1,${hmacBase64(secret.key, content)}`;
  if (secret.privateKey === null)
    throw new SignatureError('bad_secret', 'A whpk_ key verifies only; sign with its whsk_ key');
  return `v1a,${sign(null, signedBytes(content), secret.privateKey).toString('base64')}`;
}

/** The HMAC-SHA256 over the content, in base64. */
export function hmacBase64(key: KeyObject, { id, timestamp, body }: SignedContent): string {
  // Text in one piece spares a copy of the body into a Buffer.
  const hmac = createHmac('sha256', key);
  if (typeof body === 'string') hmac.update(`${id}.${timestamp}.${body}`);
  else hmac.update(`${id}.${timestamp}.`).update(body);
  return hmac.digest('base64');
}

/** The content as Ed25519 needs it, in one piece. */
export function signedBytes({ id, timestamp, body }: SignedContent): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), typeof body === 'string' ? Buffer.from(body) : body]);
}
