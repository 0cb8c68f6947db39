import { timingSafeEqual, verify } from 'node:crypto';
import { type PreparedSecret, prepareSecret, type Secret } from './secrets.js';
import { SignatureError } from './signature-error.js';
import { readSignatureHeaders, type SignatureHeaders } from './signature-headers.js';
import { faultOf, hmacBase64, type SignedContent, signedBytes } from './standard-webhooks.js';
import {
  isList,
  requireFresh,
  requireRaw,
  requireTolerance,
  TOLERANCE_SECONDS,
  type VerifyOptions,
} from './verify-checks.js';

export type { VerifyOptions } from './verify-checks.js';

/** What the signature vouches for, beside the body. */
export interface VerifiedSignature {
  /** The same on every retry: what a receiver tells repeats by. */
  id: string;
  /** When this attempt was signed, in Unix seconds. */
  timestamp: number;
}

/** Each candidate of an Ed25519 key costs a verification; an honest sender needs one per live secret and scheme. */
const CANDIDATES_MAX = 10;

/** Base64 of 32 and of 64 bytes. */
const VALUE = { v1: /^[A-Za-z0-9+/]{43}=$/, v1a: /^[A-Za-z0-9+/]{86}==$/ } as const;

/**
 * Checks that a request was signed with one of the secrets, a short time ago (Standard Webhooks, schemes `v1` and `v1a`). To be called
 * with the body's raw bytes, before anything parses them, and with secrets chosen by route, never by what the request says.
 *
 * @throws SignatureError whatever is wrong; answer each with the same bare 401
 */
export function verifySignature(
  rawBody: string | Uint8Array,
  headers: SignatureHeaders,
  secrets: Secret | readonly Secret[],
  { now = Date.now, toleranceSeconds = TOLERANCE_SECONDS }: VerifyOptions = {},
): VerifiedSignature {
  requireTolerance(toleranceSeconds);
  const keys = (isList(secrets) ? secrets : [secrets]).map(prepareSecret);
  if (keys.length === 0) throw new SignatureError('bad_secret', 'There is no secret to verify with');
  requireRaw(rawBody);
  const { id, timestamp, signature } = readSignatureHeaders(headers);
  requireParts(id, timestamp);
  requireFresh(Number(timestamp), Math.floor(now() / 1000), toleranceSeconds);
  requireMatch(parseCandidates(signature), keys, { id, timestamp, body: rawBody });
  return { id, timestamp: Number(timestamp) };
}

function requireParts(id: string, timestamp: string): void {
  const fault = faultOf({ id, timestamp });
  if (fault === 'bad_id')
    throw new SignatureError(
      fault,
      'The webhook-id header is not 1 to 256 visible ASCII characters without full stop and comma',
    );
  if (fault === 'bad_timestamp')
    throw new SignatureError(fault, 'The webhook-timestamp header is not Unix seconds in ten digits');
}

interface Candidate {
  scheme: string;
  value: string;
}

function parseCandidates(header: string): Candidate[] {
  const parts = header.split(' ', CANDIDATES_MAX + 1);
  if (parts.length > CANDIDATES_MAX) {
    throw new SignatureError(
      'too_many_signatures',
      `The webhook-signature header has more than ${CANDIDATES_MAX} signatures`,
    );
  }
  return parts.map((part) => {
    const comma = part.indexOf(',');
    if (comma < 1 || comma === part.length - 1) throw malformed();
    return { scheme: part.slice(0, comma), value: part.slice(comma + 1) };
  });
}

function requireMatch(candidates: Candidate[], keys: readonly PreparedSecret[], content: SignedContent): void {
  const known = candidates.filter(({ scheme }) => scheme === 'v1' || scheme === 'v1a');
  const wellFormed = known.filter(({ scheme, value }) => (scheme === 'v1' ? VALUE.v1 : VALUE.v1a).test(value));
  for (const key of keys) {
    const values = wellFormed.filter(({ scheme }) => scheme === key.scheme).map(({ value }) => value);
    if (values.length > 0 && matches(key, values, content)) return;
  }
  // Schemes that are not known are passed over (a sender may have newer ones), broken ones of a known scheme are not worth a guess.
  if (wellFormed.length < known.length) throw malformed();
  throw noMatch(wellFormed, keys);
}

function matches(key: PreparedSecret, values: readonly string[], content: SignedContent): boolean {
  if (key.scheme === 'v1') {
    // Comparing the text, not the bytes, leaves a signature one spelling; the pattern made the lengths equal.
    const expected = Buffer.from(hmacBase64(key.key, content));
    return values.some((value) => timingSafeEqual(Buffer.from(value), expected));
  }
  const signed = signedBytes(content);
  return values.some((value) => {
    const bytes = Buffer.from(value, 'base64');
    return bytes.toString('base64') === value && verify(null, signed, key.publicKey, bytes);
  });
}

function malformed(): SignatureError {
  return new SignatureError(
    'malformed_signature',
    'The webhook-signature header is not a list of version,base64 delimited by single spaces; was it cut off or altered on the way?',
  );
}

function noMatch(candidates: Candidate[], keys: readonly PreparedSecret[]): SignatureError {
  const comparable = candidates.some(({ scheme }) => keys.some((key) => key.scheme === scheme));
  return new SignatureError(
    'no_matching_signature',
    comparable
      ? 'No signature fits the body and the secrets. Is this the secret of this endpoint, without white space, and of this environment? Are these the raw bytes, not a body parsed and made text again?'
      : 'The request is not signed in the scheme of the secrets: whsec_ verifies v1, whpk_ and whsk_ verify v1a',
  );
}
