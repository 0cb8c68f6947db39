import { createHmac, createSecretKey, KeyObject, timingSafeEqual } from 'node:crypto';
import { HEADER } from './headers.js';
import { SignatureError } from './signature-error.js';
import { headerReader, onlyValue, type SignatureHeaders } from './signature-headers.js';
import { isList, requireRaw } from './verify-checks.js';

/** `sha256` is GitHub's, `sha1` Facebook's. */
export type HubAlgorithm = 'sha256' | 'sha1';

/** Any text, its UTF-8 bytes are the key; or the key itself (`createSecretKey`). */
export type HubSecret = string | KeyObject;

/** Where each stands, and how: lower-case hexadecimal has one spelling. */
const FORM = {
  sha256: { header: HEADER.hubSignature256, pattern: /^sha256=([0-9a-f]{64})$/ },
  sha1: { header: HEADER.hubSignature, pattern: /^sha1=([0-9a-f]{40})$/ },
} as const;

/** The value of `X-Hub-Signature-256` or `X-Hub-Signature`: the HMAC over the body alone. @throws SignatureError `bad_secret` */
export function signHub(algorithm: HubAlgorithm, secret: HubSecret, body: string | Uint8Array): string {
  return `${algorithm}=${hmac(algorithm, keyOf(secret), body).toString('hex')}`;
}

/**
 * Checks that a body was signed with one of the secrets as GitHub (`sha256`) or Facebook (`sha1`) sign. Nothing but the body is covered: whoever
 * has a request can send it again at any time, with other headers beside it. To be called with the body's raw bytes.
 *
 * @throws SignatureError whatever is wrong; answer each with the same bare 401
 */
export function verifyHubSignature(
  rawBody: string | Uint8Array,
  headers: SignatureHeaders,
  secrets: HubSecret | readonly HubSecret[],
  algorithm: HubAlgorithm,
): void {
  const keys = (isList(secrets) ? secrets : [secrets]).map(keyOf);
  if (keys.length === 0) throw new SignatureError('bad_secret', 'There is no secret to verify with');
  requireRaw(rawBody);
  const { header, pattern } = FORM[algorithm];
  const hex = pattern.exec(onlyValue(header, headerReader(headers)))?.[1];
  if (hex === undefined) {
    throw new SignatureError(
      'malformed_signature',
      `The ${header} header is not ${algorithm}= and an HMAC in lower-case hexadecimal; was it cut off or altered on the way?`,
    );
  }
  const given = Buffer.from(hex, 'hex');
  if (keys.some((key) => timingSafeEqual(hmac(algorithm, key, rawBody), given))) return;
  throw new SignatureError(
    'no_matching_signature',
    `The ${header} header does not fit the body and the secrets; is it the secret of this webhook, and are these the raw bytes?`,
  );
}

function keyOf(secret: HubSecret): KeyObject {
  const key = typeof secret === 'string' ? createSecretKey(secret, 'utf8') : secret;
  // With an empty key anybody can sign.
  if (!(key.symmetricKeySize && key.symmetricKeySize > 0))
    throw new SignatureError('bad_secret', 'The secret is empty');
  return key;
}

function hmac(algorithm: HubAlgorithm, key: KeyObject, body: string | Uint8Array): Buffer {
  return createHmac(algorithm, key).update(body).digest();
}
