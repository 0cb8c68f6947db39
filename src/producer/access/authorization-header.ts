import { isId, type CredentialId } from '../../protocol/ids.js';
import { parseApiKey, type KeyPrefix } from './api-key.js';

/** Why a request is not authenticated. For the log; the client is told nothing of it. */
export type AuthFailureReason =
  | 'missing'
  /** No Bearer or Basic scheme, or nothing in it that could be a key of ours. */
  | 'malformed'
  /** Basic: the key belongs to another credential than the one named. */
  | 'mismatch'
  | 'unknown'
  | 'wrong'
  | 'expired';

/** A key as a request presents it; nothing is proven yet. */
export interface PresentedKey {
  text: string;
  id: CredentialId;
}

const BEARER = /^Bearer +(\S+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+=*) *$/i;
/** Longer than any header of ours; keeps what is decoded small. */
const LONGEST = 1_024;

/** The token of `Bearer` (RFC 6750 §2.1). */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined || header.length > LONGEST ? undefined : BEARER.exec(header)?.[1];
}

/** The key in `Authorization: Bearer <key>` or `Basic <credential id>:<key>` (RFC 7617), or why there is none. */
export function presentedKey(header: string | undefined, prefix: KeyPrefix): PresentedKey | AuthFailureReason {
  if (header === undefined || header === '') return 'missing';
  const bearer = bearerToken(header);
  if (bearer !== undefined) return keyIn(bearer, prefix) ?? 'malformed';
  const basic = header.length > LONGEST ? undefined : BASIC.exec(header)?.[1];
  if (basic === undefined) return 'malformed';
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const user = pair.slice(0, Math.max(colon, 0));
  const key = keyIn(pair.slice(colon + 1), prefix);
  if (!isId('key', user) || !key) return 'malformed';
  return key.id === user ? key : 'mismatch';
}

function keyIn(text: string, prefix: KeyPrefix): PresentedKey | undefined {
  const parsed = parseApiKey(text);
  return parsed?.prefix === prefix ? { text, id: parsed.id } : undefined;
}
