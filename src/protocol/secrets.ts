import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { SignatureError } from './signature-error.js';

/** A shared secret of scheme `v1` (HMAC-SHA256), ready to sign and to verify with. */
export interface HmacSecret {
  readonly scheme: 'v1';
  readonly key: KeyObject;
}

/** A key of scheme `v1a` (Ed25519). Made from a `whpk_` it verifies only. */
export interface Ed25519Secret {
  readonly scheme: 'v1a';
  readonly privateKey: KeyObject | null;
  readonly publicKey: KeyObject;
}

/** A decoded secret, to be made once and used often. Keys are opaque objects: neither `JSON` nor `util.inspect` shows them. */
export type PreparedSecret = HmacSecret | Ed25519Secret;

/** `whsec_…`, `whsk_…` or `whpk_…`, or the same prepared. */
export type Secret = string | PreparedSecret;

/** Length of a generated secret, in bytes; Standard Webhooks admits 24 to 64. */
const GENERATED_BYTES = 32;
const HMAC_BYTES = { min: 24, max: 64 };
const ED25519_BYTES = 32;
const SPKI_BYTES = 44;

// RFC 8410: what stands before the 32 bytes of an Ed25519 key in PKCS #8 (section 7) and in SubjectPublicKeyInfo (section 4).
const PKCS8_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

/** A new shared secret: `whsec_` and 32 random bytes in base64. */
export function generateSecret(random: (size: number) => Uint8Array = randomBytes): string {
  const bytes = Buffer.from(random(GENERATED_BYTES));
  if (bytes.length !== GENERATED_BYTES) {
    throw new RangeError(`The random source gave ${bytes.length} of ${GENERATED_BYTES} bytes`);
  }
  return `whsec_${bytes.toString('base64')}`;
}

/**
 * Decodes a secret:
 * - `whsec_`: 24 to 64 bytes, shared by both sides;
 * - `whsk_`: the private half of an Ed25519 pair, as a seed of 32 bytes, or seed and public key (64 bytes);
 * - `whpk_`: the public half, 32 bytes.
 *
 * @throws SignatureError `bad_secret`
 */
export function prepareSecret(secret: Secret): PreparedSecret {
  if (typeof secret !== 'string') return secret;
  if (/\s/.test(secret)) throw bad('has white space in it; was a line break copied along?');
  const [prefix, encoded] = split(secret);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded)
    throw bad('is not base64 behind its prefix; was it cut off, or is it the URL-safe kind?');
  switch (prefix) {
    case 'whsec_':
      return { scheme: 'v1', key: hmacKey(bytes) };
    case 'whsk_':
      return signingPair(bytes);
    case 'whpk_':
      return { scheme: 'v1a', privateKey: null, publicKey: publicKeyFrom(bytes) };
  }
}

/** The `whsec_…` that a shared secret was made from: what one enters into a receiver that takes any text for a secret. */
export function secretText({ key }: HmacSecret): string {
  return `whsec_${key.export().toString('base64')}`;
}

/** The `whpk_…` that a receiver verifies with. */
export function publicKeyOf({ publicKey }: Ed25519Secret): string {
  return `whpk_${rawPublicKey(publicKey).toString('base64')}`;
}

const PREFIXES = ['whsec_', 'whsk_', 'whpk_'] as const;

function split(secret: string): [(typeof PREFIXES)[number], string] {
  for (const prefix of PREFIXES) {
    if (secret.startsWith(prefix)) return [prefix, secret.slice(prefix.length)];
  }
  throw bad('begins with none of whsec_, whsk_ and whpk_; is it an API key?');
}

function hmacKey(bytes: Buffer): KeyObject {
  if (bytes.length < HMAC_BYTES.min || bytes.length > HMAC_BYTES.max) {
    throw bad(`holds ${bytes.length} bytes; ${HMAC_BYTES.min} to ${HMAC_BYTES.max} are needed`);
  }
  return createSecretKey(bytes);
}

function signingPair(bytes: Buffer): Ed25519Secret {
  if (bytes.length !== ED25519_BYTES && bytes.length !== 2 * ED25519_BYTES) {
    throw bad(`holds ${bytes.length} bytes; an Ed25519 signing key has 32 (seed) or 64 (seed and public key)`);
  }
  const seed = bytes.subarray(0, ED25519_BYTES);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const stated = bytes.subarray(ED25519_BYTES);
  // Node derives the public half from the seed; another stated half would sign what its holders cannot verify.
  if (stated.length > 0 && !stated.equals(rawPublicKey(publicKey)))
    throw bad('has a public half that does not belong to its seed');
  return { scheme: 'v1a', privateKey, publicKey };
}

function publicKeyFrom(bytes: Buffer): KeyObject {
  if (bytes.length !== ED25519_BYTES) throw bad(`holds ${bytes.length} bytes; an Ed25519 public key has 32`);
  return createPublicKey({ key: Buffer.concat([SPKI_HEADER, bytes]), format: 'der', type: 'spki' });
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_BYTES - ED25519_BYTES);
}

function bad(what: string): SignatureError {
  return new SignatureError('bad_secret', `The signing secret ${what}`);
}
