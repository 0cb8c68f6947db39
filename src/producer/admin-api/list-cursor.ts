import { unwrapListCursor, wrapListCursor } from '../../http/list-cursor.js';
import { isId, type IdPrefix } from '../../protocol/ids.js';
import type { Listing, ListRequest } from '../subscriptions/listing.js';
import type { ListQueryDto } from './list.dto.js';

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
  const { items, cursor, more } = await read({
    limit,
    after: after === undefined ? undefined : unwrapListCursor(after, isKey),
  });
  // An empty page keeps the reader's place: rows that come later are behind it.
  return { items, cursor: cursor === null ? (after ?? null) : wrapListCursor(cursor), more };
}
