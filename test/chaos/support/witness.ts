import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import BetterSqlite3 from 'better-sqlite3';
import { query } from '../../../scripts/embedded-postgres.js';

export interface LogRow {
  /** Null: committed, and not sequenced yet. */
  position: number | null;
  id: string;
  type: string;
  subject: string | null;
  key: string | null;
}

export interface Truth {
  /** Committed events in order of position. */
  log: LogRow[];
  /** Committed application rows: order to the event that was published with it. */
  orders: Map<string, string | null>;
  /** Endpoints with a signal that is on its way, or must be repeated. */
  unsettled: number;
}

type OrderRow = [id: string, event: string | null];

const ORDERS = 'SELECT id, event_id FROM orders';
const UNSETTLED =
  'SELECT count(*) FROM signpost_endpoint_position WHERE lease_owner IS NOT NULL OR open_signal IS NOT NULL';

/** What is committed, read past the producer by a connection of its own. Only while a producer runs, or has run. */
export function readTruth(database: TypeOrmModuleOptions): Promise<Truth> {
  return database.type === 'postgres'
    ? ofPostgres(String(database.url))
    : Promise.resolve(ofSqlite(String(database.database)));
}

/** Not between a crash and the restart: the first connection recovers the file, and that must be the restarted producer's. */
function ofSqlite(file: string): Truth {
  const db = new BetterSqlite3(file, { readonly: true });
  try {
    return db.transaction(() => ({
      log: db
        .prepare(
          'SELECT ordinal AS position, id, type, subject, idempotency_key AS key FROM signpost_event ORDER BY ordinal',
        )
        .all() as LogRow[],
      orders: new Map(db.prepare(ORDERS).raw().all() as OrderRow[]),
      unsettled: db.prepare(UNSETTLED).pluck().get() as number,
    }))();
  } finally {
    db.close();
  }
}

/** One statement: one snapshot. */
async function ofPostgres(url: string): Promise<Truth> {
  const [row] = (await query(
    url,
    `SELECT (SELECT json_agg(r ORDER BY r.position, r.ordinal) FROM (
        SELECT l.position, e.ordinal, e.id, e.type, e.subject, e.idempotency_key AS key
        FROM signpost_event e LEFT JOIN signpost_log l ON l.ordinal = e.ordinal) AS r) AS log,
      (SELECT json_agg(json_build_array(o.id, o.event_id)) FROM (${ORDERS}) AS o) AS orders,
      (${UNSETTLED})::int AS unsettled`,
  )) as { log: LogRow[] | null; orders: OrderRow[] | null; unsettled: number }[];
  return { log: row?.log ?? [], orders: new Map(row?.orders), unsettled: row?.unsettled ?? 0 };
}
