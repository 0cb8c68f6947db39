import { ProblemException } from '../../http/problem-exception.js';
import { isId, type IdPrefix } from '../../protocol/ids.js';
import type { Listing, ListRequest } from '../subscriptions/listing.js';
import type { ListQueryDto } from './list.dto.js';

/** The key of a list's last row, wrapped so that nobody builds one by hand or relies on what is in it. */
function encode(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

function decode(cursor: string, isKey: (key: string) => boolean): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  // One spelling only: what does not encode to the same text was never given out.
  if (!isKey(key) || encode(key) !== cursor) throw invalidCursor();
  return key;
}

export const isIdOf = (prefix: IdPrefix) => (key: string) => isId(prefix, key);
/** Ordinals, as the attempt log counts. */
export const isOrdinal = (key: string) => /^[1-9]\d{0,14}$/.test(key);

/**
 * One page of a list whose keys satisfy `isKey`, with its cursors unwrapped and wrapped.
 *
 * @throws ProblemException (`invalid_cursor`)
 */
export async function readList<Item>(
  { after, limit }: ListQueryDto,
  isKey: (key: string) => boolean,
  read: (request: ListRequest) => Promise<Listing<Item>>,
): Promise<Listing<Item>> {
  const { items, cursor, more } = await read({ limit, after: after === undefined ? undefined : decode(after, isKey) });
  // An empty page keeps the reader's place: rows that come later are behind it.
  return { items, cursor: cursor === null ? (after ?? null) : encode(cursor), more };
}

export function invalidCursor(cause?: unknown): ProblemException {
  const errors = [{ pointer: '/after', message: 'must be the cursor of an earlier page of this list, unchanged' }];
  return new ProblemException('invalid_cursor', 'Use a cursor exactly as it was received, or leave it out.', {
    errors,
    cause,
  });
}
