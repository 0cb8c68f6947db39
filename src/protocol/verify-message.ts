import { timingSafeEqual, verify } from 'node:crypto';
import { requireDigest } from './content-digest.js';
import { HEADER } from './headers.js';
import { keyIdOf } from './key-id.js';
import { COVERED, hmacOfBase, MESSAGE_ALG, MESSAGE_TAG, signatureBase } from './message-signature.js';
import { type PreparedSecret, prepareSecret, type Secret } from './secrets.js';
import { SignatureError } from './signature-error.js';
import { headerReader, type HeaderReader, onlyValue, type SignatureHeaders } from './signature-headers.js';
import { faultOf } from './standard-webhooks.js';
import { type CoveredList, parseByteSequences, parseCoveredLists } from './structured-fields.js';
import {
  isList,
  requireFresh,
  requireRaw,
  requireTolerance,
  TOLERANCE_SECONDS,
  type VerifyOptions,
} from './verify-checks.js';

/** A public key as the producer's `/.well-known/jwks.json` has it. */
export interface Ed25519Jwk {
  readonly kty: string;
  readonly crv?: string;
  readonly x?: string;
  readonly kid?: string;
}

/** `whsec_…`, `whpk_…`, the same prepared, or a public key of the producer's JWKS. */
export type MessageVerificationKey = Secret | Ed25519Jwk;

/** A request that was signed with HTTP Message Signatures. */
export interface SignedMessage {
  method: string;
  /** As the producer called it: behind a proxy that changes host or path, the address outside. */
  url: string | URL;
  /** A Node request (best: its `headersDistinct` keeps repeated headers apart), a Fetch `Headers`, or a record. */
  headers: SignatureHeaders;
  /** The body's raw bytes. */
  body: string | Uint8Array;
}

/** What the signature vouches for, beside method, address, content type and body. */
export interface VerifiedMessage {
  /** `webhook-id`: the same on every retry. */
  id: string;
  /** When this attempt was signed, in Unix seconds. */
  timestamp: number;
}

const LABELS_MAX = 10;
const PARAMETERS = new Set(['created', 'expires', 'keyid', 'alg', 'tag', 'nonce']);
const FIELD_NAME = /^[a-z0-9-]+$/;

/**
 * Checks that a request was signed with one of the keys, a short time ago, in the scheme `rfc9421` (RFC 9421 with the digest of RFC 9530). Strict: the
 * digest is that of the body; everything that Signpost covers is covered; the key decides the algorithm; a key signs once; and every
 * signature by one of the keys is right. Signatures by other keys, such as a proxy's, are passed over.
 *
 * @throws SignatureError whatever is wrong; answer each with the same bare 401
 */
export function verifyMessageSignature(
  message: SignedMessage,
  keys: MessageVerificationKey | readonly MessageVerificationKey[],
  { now = Date.now, toleranceSeconds = TOLERANCE_SECONDS }: VerifyOptions = {},
): VerifiedMessage {
  requireTolerance(toleranceSeconds);
  const known = new Map((isList(keys) ? keys : [keys]).map(namedKey));
  if (known.size === 0) throw new SignatureError('bad_secret', 'There is no key to verify with');
  requireRaw(message.body);
  const valuesOf = headerReader(message.headers);
  const id = onlyValue(HEADER.webhookId, valuesOf);
  const timestamp = onlyValue(HEADER.webhookTimestamp, valuesOf);
  const digest = onlyValue(HEADER.contentDigest, valuesOf);
  const signatures = ownSignatures(valuesOf, known);
  const fault = faultOf({ id, timestamp });
  if (fault !== undefined) throw new SignatureError(fault, 'The webhook-id or webhook-timestamp header is malformed');
  const seconds = Math.floor(now() / 1000);
  for (const { covered, key } of signatures) requireSound(covered, key, Number(timestamp), seconds);
  requireFresh(Number(timestamp), seconds, toleranceSeconds);
  // All of them, so that the work does not tell which one was wrong.
  const right = signatures.map(({ covered, key, signature }) =>
    fits(key, signatureBase(componentsOf(covered, message, valuesOf), covered.text), signature),
  );
  if (right.includes(false)) {
    throw new SignatureError(
      'no_matching_signature',
      "No signature fits the request and the keys. Is this the endpoint's secret, and the URL as the producer calls it?",
    );
  }
  requireDigest(digest, message.body);
  return { id, timestamp: Number(timestamp) };
}

interface OwnSignature {
  covered: CoveredList;
  key: PreparedSecret;
  signature: Buffer;
}

/** The signatures that name one of the keys, at least one. */
function ownSignatures(valuesOf: HeaderReader, known: ReadonlyMap<string, PreparedSecret>): OwnSignature[] {
  const inputs = parseCoveredLists(fieldOf(HEADER.signatureInput, valuesOf));
  const values = parseByteSequences(fieldOf(HEADER.signature, valuesOf));
  if (!inputs || !values || inputs.size !== values.size) throw malformed();
  if (inputs.size > LABELS_MAX) {
    throw new SignatureError('too_many_signatures', `The request has more than ${LABELS_MAX} signatures`);
  }
  const own: OwnSignature[] = [];
  const seen = new Set<unknown>();
  for (const [label, covered] of inputs) {
    const signature = values.get(label);
    if (!signature) throw malformed();
    const keyid = covered.parameters.get('keyid');
    const key = typeof keyid === 'string' ? known.get(keyid) : undefined;
    if (!key) continue;
    if (seen.has(keyid)) throw malformed();
    seen.add(keyid);
    own.push({ covered, key, signature });
  }
  if (own.length > 0) return own;
  throw new SignatureError(
    'no_matching_signature',
    "No signature names one of the keys. Is this the endpoint's secret, of this environment?",
  );
}

/** A dictionary may come in several lines (RFC 8941, section 3.2): a proxy may have added one of its own. */
function fieldOf(name: string, valuesOf: HeaderReader): string {
  const lines = valuesOf(name);
  if (lines.length > 0) return lines.join(', ');
  throw new SignatureError('missing_header', `The request has no ${name} header; does a proxy in front take it away?`);
}

function requireSound(covered: CoveredList, key: PreparedSecret, timestamp: number, now: number): void {
  const { names, parameters, isQualified } = covered;
  const expires = parameters.get('expires');
  const isSound =
    !isQualified &&
    new Set(names).size === names.length &&
    COVERED.every((name) => names.includes(name)) &&
    [...parameters.keys()].every((name) => PARAMETERS.has(name)) &&
    parameters.get('alg') === MESSAGE_ALG[key.scheme] &&
    parameters.get('tag') === MESSAGE_TAG &&
    parameters.get('created') === timestamp &&
    (expires === undefined || typeof expires === 'number');
  if (!isSound) {
    throw new SignatureError(
      'malformed_signature',
      'A signature does not cover what it must, or says something else of itself than its key and the request do',
    );
  }
  if (typeof expires === 'number' && expires < now) {
    throw new SignatureError('timestamp_too_old', `The signature ran out ${now - expires} s ago`);
  }
}

/** Names and values of what was covered, as the request has them. */
function componentsOf({ names }: CoveredList, message: SignedMessage, valuesOf: HeaderReader): [string, string][] {
  const { host, pathname, search } = new URL(message.url);
  const derived = new Map([
    ['@method', message.method],
    ['@authority', host],
    ['@path', pathname],
    ['@query', search === '' ? '?' : search],
  ]);
  return names.map((name) => {
    const value = derived.get(name) ?? (FIELD_NAME.test(name) ? onlyValue(name, valuesOf) : undefined);
    if (value === undefined) throw malformed();
    return [name, value];
  });
}

function fits(key: PreparedSecret, base: string, signature: Buffer): boolean {
  if (key.scheme === 'v1a') return verify(null, Buffer.from(base), key.publicKey, signature);
  const expected = hmacOfBase(key.key, base);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

function namedKey(given: MessageVerificationKey): [string, PreparedSecret] {
  const isJwk = typeof given === 'object' && 'kty' in given;
  const key = prepareSecret(isJwk ? publicKeyText(given) : given);
  return [(isJwk ? given.kid : undefined) ?? keyIdOf(key), key];
}

function publicKeyText({ kty, crv, x }: Ed25519Jwk): string {
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') {
    throw new SignatureError('bad_secret', 'A key of a JWKS that verifies signals is OKP, Ed25519, with its x');
  }
  return `whpk_${Buffer.from(x, 'base64url').toString('base64')}`;
}

function malformed(): SignatureError {
  return new SignatureError(
    'malformed_signature',
    'The signature-input and signature headers do not go together, or are not as RFC 9421 writes them; were they altered on the way?',
  );
}
