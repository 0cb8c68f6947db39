import BetterSqlite3 from 'better-sqlite3';

export interface LogRow {
  position: number;
  id: string;
  type: string;
  subject: string | null;
  key: string | null;
}

export interface Truth {
  /** The log in order of position. */
  log: LogRow[];
  /** Committed application rows: order to the event that was published with it. */
  orders: Map<string, string | null>;
  /** Endpoints with a signal that is on its way, or must be repeated. */
  unsettled: number;
}

/**
 * What is committed, read past the producer by a connection of its own. Only while a producer runs: the first connection after
 * a crash recovers the file, and that must be the restarted producer's.
 */
export function readTruth(database: string): Truth {
  const db = new BetterSqlite3(database, { readonly: true });
  try {
    return db.transaction(() => ({
      log: db
        .prepare(
          'SELECT ordinal AS position, id, type, subject, idempotency_key AS key FROM signpost_event ORDER BY ordinal',
        )
        .all() as LogRow[],
      orders: new Map(
        (db.prepare('SELECT id, event_id FROM orders').all() as { id: string; event_id: string | null }[]).map(
          (row) => [row.id, row.event_id],
        ),
      ),
      unsettled: db
        .prepare(
          'SELECT count(*) FROM signpost_endpoint_position WHERE lease_owner IS NOT NULL OR open_signal IS NOT NULL',
        )
        .pluck()
        .get() as number,
    }))();
  } finally {
    db.close();
  }
}
