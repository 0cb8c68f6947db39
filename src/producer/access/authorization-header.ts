import { isId, type CredentialId } from '../../protocol/ids.js';
import { parseApiKey, type KeyPrefix } from './api-key.js';

/** Why a request is not authenticated. For the log; the client is told nothing of it. */
export type AuthFailureReason =
  | 'missing'
  /** No Bearer or Basic scheme, or nothing in it that could be a key of ours. */
  | 'malformed'
  /** The key belongs to another credential than the one named. */
  | 'mismatch'
  | 'unknown'
  | 'wrong'
  /** A token or an assertion that its issuer did not sign like this, or for us, or now. */
  | 'bad-token'
  /** An assertion that was used already. */
  | 'replayed'
  | 'expired';

/** A key as a request presents it; nothing is proven yet. */
export interface PresentedKey {
  text: string;
  id: CredentialId;
}

const BEARER = /^Bearer +(\S+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+=*) *$/i;
/** Three parts of base64url (RFC 7515, section 7.1); the last is empty where nothing was signed. */
const JWT = /^Bearer +([\w-]+\.[\w-]+\.[\w-]*) *$/i;
/** Longer than any header with a key of ours; keeps what is decoded small. */
const LONGEST = 1_024;
/** A token with fifty scopes, or one of an issuer that puts much in it. */
const LONGEST_JWT = 8_192;

/** The token of `Bearer` (RFC 6750 §2.1). */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined || header.length > LONGEST ? undefined : BEARER.exec(header)?.[1];
}

/** The token of `Bearer`, if it has the form of a JWT. */
export function bearerJwt(header: string | undefined): string | undefined {
  return header === undefined || header.length > LONGEST_JWT ? undefined : JWT.exec(header)?.[1];
}

/** User and password of `Basic` (RFC 7617). */
export function basicPair(header: string): { user: string; password: string } | undefined {
  const basic = header.length > LONGEST ? undefined : BASIC.exec(header)?.[1];
  if (basic === undefined) return undefined;
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return { user: pair.slice(0, Math.max(colon, 0)), password: pair.slice(colon + 1) };
}

/** The key in `Authorization: Bearer <key>` or `Basic <credential id>:<key>` (RFC 7617), or why there is none. */
export function presentedKey(header: string | undefined, prefix: KeyPrefix): PresentedKey | AuthFailureReason {
  if (header === undefined || header === '') return 'missing';
  const bearer = bearerToken(header);
  if (bearer !== undefined) return keyIn(bearer, prefix) ?? 'malformed';
  const pair = basicPair(header);
  const key = pair && keyIn(pair.password, prefix);
  if (!key || !isId('key', pair.user)) return 'malformed';
  return key.id === pair.user ? key : 'mismatch';
}

function keyIn(text: string, prefix: KeyPrefix): PresentedKey | undefined {
  const parsed = parseApiKey(text);
  return parsed?.prefix === prefix ? { text, id: parsed.id } : undefined;
}
