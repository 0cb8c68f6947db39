import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ID_PREFIX, isId } from '../../protocol/ids.js';
import { parseApiKey } from '../access/api-key.js';

/** Credentials remembered at once. */
const MOST = 20_000;
const SCHEME = /^(Bearer|Basic) +(\S+) *$/i;
/** A token longer than this is none that anybody let in. */
const LONGEST = 16_384;

/**
 * Who was let in lately, so that an address with a spent budget still lets in those who share it. Remembered by what a header *claims*, not by
 * what it proves: asking costs no look-up, and whoever claims a credential that is in use is checked as ever.
 */
export class KnownGood {
  private readonly known = new LRUCache<string, true>({ max: MOST });

  /** `id`: of the credential; null where none of ours is behind the header, which is then remembered by its digest. */
  remember(id: string | null, header: string | undefined): void {
    const key = id ?? (header === undefined ? undefined : digest(header));
    if (key !== undefined && !this.known.has(key)) this.known.set(key, true);
  }

  /** `claim`: an `Authorization` header, or the id of a credential alone. */
  claimedBy(claim: string | undefined): boolean {
    if (claim === undefined || claim.length > LONGEST) return false;
    const id = isId(ID_PREFIX.credential, claim) ? claim : claimedId(claim);
    return (id !== undefined && this.known.has(id)) || this.known.has(digest(claim));
  }
}

/** The credential that an API key, or an access token, says it is of. */
function claimedId(header: string): string | undefined {
  const [, scheme = '', value = ''] = SCHEME.exec(header) ?? [];
  if (/^basic$/i.test(scheme)) return /^([^:]*):/.exec(Buffer.from(value, 'base64').toString('utf8'))?.[1];
  return parseApiKey(value)?.id ?? clientOf(value);
}

/** `client_id` of a JWT (RFC 9068 §2.2), unverified. */
function clientOf(token: string): string | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { client_id?: unknown } | null;
    return typeof claims?.client_id === 'string' ? claims.client_id : undefined;
  } catch {
    return undefined;
  }
}

function digest(header: string): string {
  return createHash('sha256').update(header).digest('base64');
}
