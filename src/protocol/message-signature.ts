import { createHmac, sign } from 'node:crypto';
import { contentDigest } from './content-digest.js';
import { HEADER } from './headers.js';
import { keyIdOf } from './key-id.js';
import type { PreparedSecret } from './secrets.js';
import { SignatureError } from './signature-error.js';
import { faultOf } from './standard-webhooks.js';

/**
 * What a signature covers, in this order. Not `@target-uri`: that has the scheme in it, and behind a proxy that ends TLS a receiver sees another one
 * than was signed.
 */
export const COVERED = [
  '@method',
  '@authority',
  '@path',
  '@query',
  HEADER.contentDigest,
  'content-type',
  HEADER.webhookId,
  HEADER.webhookTimestamp,
] as const;

/** Tells our signatures from those that proxies add for purposes of their own (RFC 9421, section 2.3). */
export const MESSAGE_TAG = 'signpost';

/** By the kind of its key; what a signature says of itself decides nothing (section 3.2). */
export const MESSAGE_ALG = { v1: 'hmac-sha256', v1a: 'ed25519' } as const;

/** A signature says that it is good for so long, for verifiers that set no limit of their own, in seconds. */
const GOOD_FOR_SECONDS = 300;

/** A request as it is about to be sent, as far as it is signed. */
export interface MessageToSign {
  method: string;
  /** Host, and port unless the scheme implies it, in lower case. */
  authority: string;
  /** Path and query, as in the request line. */
  target: string;
  contentType: string;
  id: string;
  /** Unix seconds. */
  timestamp: number | string;
  body: string | Uint8Array;
}

/** A key, and the name that signatures call it by if it has one of its own. Default: its thumbprint. */
export interface MessageKey {
  readonly key: PreparedSecret;
  readonly keyid?: string;
}

/** The headers of a signed message: `content-digest`, `signature-input` and `signature`. */
export interface MessageSignature {
  contentDigest: string;
  signatureInput: string;
  signature: string;
}

/**
 * Signs a request as RFC 9421 describes, with a label (`sig1`, `sig2`, …) for each key in their order.
 *
 * @throws SignatureError `bad_id`, `bad_timestamp`; `bad_secret` without any key or with one that cannot sign
 */
export function signMessage(message: MessageToSign, keys: readonly MessageKey[]): MessageSignature {
  const fault = faultOf({ id: message.id, timestamp: message.timestamp });
  if (fault !== undefined) throw new SignatureError(fault, 'The id or the timestamp of the message is malformed');
  if (keys.length === 0) throw new SignatureError('bad_secret', 'There is no secret to sign with');
  const digest = contentDigest(message.body);
  const values = coveredValues(message, digest);
  const covered: [string, string][] = COVERED.map((name) => [name, values[name]]);
  const inputs: string[] = [];
  const signatures: string[] = [];
  keys.forEach(({ key, keyid = keyIdOf(key) }, index) => {
    const label = `sig${index + 1}`;
    const params = signatureParams(Number(message.timestamp), keyid, MESSAGE_ALG[key.scheme]);
    inputs.push(`${label}=${params}`);
    signatures.push(`${label}=:${signBase(key, signatureBase(covered, params)).toString('base64')}:`);
  });
  return { contentDigest: digest, signatureInput: inputs.join(', '), signature: signatures.join(', ') };
}

/** Path and query as components; without a query it is the question mark alone (section 2.2.7). */
export function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?');
  return mark === -1 ? { path: target, query: '?' } : { path: target.slice(0, mark), query: target.slice(mark) };
}

/** What is signed (section 2.5). */
export function signatureBase(components: readonly (readonly [name: string, value: string])[], params: string): string {
  return [...components.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${params}`].join('\n');
}

/** HMAC-SHA256 (section 3.3.3). */
export function hmacOfBase(key: Extract<PreparedSecret, { scheme: 'v1' }>['key'], base: string): Buffer {
  return createHmac('sha256', key).update(base).digest();
}

function coveredValues(message: MessageToSign, digest: string): Record<(typeof COVERED)[number], string> {
  const { path, query } = splitTarget(message.target);
  return {
    '@method': message.method,
    '@authority': message.authority,
    '@path': path,
    '@query': query,
    [HEADER.contentDigest]: digest,
    'content-type': message.contentType,
    [HEADER.webhookId]: message.id,
    [HEADER.webhookTimestamp]: String(message.timestamp),
  };
}

const COMPONENTS = `(${COVERED.map((name) => `"${name}"`).join(' ')})`;

function signatureParams(created: number, keyid: string, alg: string): string {
  const times = `created=${created};expires=${created + GOOD_FOR_SECONDS}`;
  return `${COMPONENTS};${times};keyid="${keyid}";alg="${alg}";tag="${MESSAGE_TAG}"`;
}

function signBase(key: PreparedSecret, base: string): Buffer {
  if (key.scheme === 'v1') return hmacOfBase(key.key, base);
  if (key.privateKey === null)
    throw new SignatureError('bad_secret', 'A whpk_ key verifies only; sign with its whsk_ key');
  return sign(null, Buffer.from(base), key.privateKey);
}
