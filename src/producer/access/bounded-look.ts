import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { Listing } from '../subscriptions/listing.js';

/** Rows looked at for one page, at most: a question that few rows answer must not read years of an audit at once. */
const MOST_LOOKED_AT = 10_000;
/** How late a row may have been written: while the database refuses, what was noted waits. */
const LATEST_MS = 86_400_000;

/** A condition with a `?` for each of its values. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/** Times in Unix ms: from `since` on, and before `until`. */
export interface TimeSpan {
  since?: number | undefined;
  until?: number | undefined;
}

/** How a page is found: in the order of `stream`, for which there is an index, and past what does not meet every one of `filters`. */
export interface LookQuery {
  table: string;
  columns: string;
  stream: readonly Condition[];
  filters: readonly Condition[];
}

/** Rows found, newest first. */
export interface Look<Row> {
  rows: Row[];
  /** Every row with this ordinal or a later one was looked at. 0: all were. */
  floor: number;
}

export type Select = <Row>(text: string, values: readonly (string | number)[]) => Promise<Row[]>;

export function sqliteSelect(turns: SqliteTurns): Select {
  return <Row>(text: string, values: readonly (string | number)[]) =>
    turns.read('audit', () => turns.prepare<unknown[], Row>(text).all(...values));
}

export function postgresSelect(engine: PostgresEngine): Select {
  return <Row>(text: string, values: readonly (string | number)[]) => engine.rowsAgain<Row>(numbered(text), values);
}

/** A statement with a `?` for each value, as PostgreSQL has them: `$1`, `$2` and so on. */
export function numbered(text: string): string {
  let parameter = 0;
  return text.replaceAll('?', () => `$${(parameter += 1)}`);
}

export function timeFilters({ since, until }: TimeSpan): Condition[] {
  return [
    ...(since === undefined ? [] : [{ sql: 'at >= ?', values: [since] }]),
    ...(until === undefined ? [] : [{ sql: 'at < ?', values: [until] }]),
  ];
}

/** Up to `limit` rows below the ordinal `before`, newest first, in bounded work. */
export async function lookThrough<Row extends { ordinal: number }>(
  select: Select,
  { table, columns, stream, filters }: LookQuery,
  { before, limit, since }: { before: number; limit: number; since: number | undefined },
): Promise<Look<Row>> {
  const within = [...stream, { sql: 'ordinal < ?', values: [before] }];
  const looked = `FROM ${table} WHERE ${all(within)} ORDER BY ordinal DESC LIMIT`;
  const where = filters.length === 0 ? '' : ` WHERE ${all(filters)}`;
  const rows = await select<Row>(
    `SELECT ${columns} FROM (SELECT * ${looked} ${filters.length === 0 ? limit : MOST_LOOKED_AT}) AS looked${where}
     ORDER BY ordinal DESC LIMIT ${limit}`,
    [...within, ...filters].flatMap(({ values }) => values),
  );
  const last = rows.length < limit ? undefined : rows.at(-1);
  if (last) return { rows, floor: last.ordinal };
  if (filters.length === 0) return { rows, floor: 0 };
  const [end] = await select<{ ordinal: number; at: number }>(
    `SELECT ordinal, at ${looked} 1 OFFSET ${MOST_LOOKED_AT - 1}`,
    within.flatMap(({ values }) => values),
  );
  // Rows stand in the order of writing: what lies further back is too old as well.
  const done = end === undefined || (since !== undefined && end.at < since - LATEST_MS);
  return { rows, floor: done ? 0 : end.ordinal };
}

/** One page of what several looks at the same table found with one row more than `limit` each: as far down as every one of them looked. */
export function merged<Row extends { ordinal: number }, Item>(
  looks: readonly Look<Row>[],
  limit: number,
  view: (row: Row) => Item,
): Listing<Item> {
  const floor = Math.max(...looks.map((look) => look.floor));
  const rows = looks
    .flatMap((look) => look.rows.filter(({ ordinal }) => ordinal >= floor))
    .sort((a, b) => b.ordinal - a.ordinal);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (last && (rows.length > limit || floor === 0)) {
    return { items: page.map(view), cursor: String(last.ordinal), more: rows.length > limit };
  }
  return { items: page.map(view), cursor: floor === 0 ? null : String(floor), more: floor > 0 };
}

function all(conditions: readonly Condition[]): string {
  return conditions.map(({ sql }) => `(${sql})`).join(' AND ');
}
