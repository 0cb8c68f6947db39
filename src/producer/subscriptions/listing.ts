/** A page of a list. `cursor` is the key of its last item, to go on after; null when the page is empty. */
export interface Listing<T> {
  items: T[];
  cursor: string | null;
  more: boolean;
}

export interface ListRequest {
  /** `cursor` of the page before; omitted: from the start. */
  after?: string | undefined;
  limit: number;
}

/** Makes a page of rows that were asked for with one more than `limit`, so that no second query says whether more follow. */
export function listing<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  view: (row: Row) => Item,
): Listing<Item> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(view), cursor: last === undefined ? null : cursorOf(last), more: rows.length > limit };
}

/** Unix ms as the APIs show it. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

export function isoTimeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
