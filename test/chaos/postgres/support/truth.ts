import { query } from '../../../../scripts/embedded-postgres.js';

export interface LogRow {
  id: string;
  type: string;
  subject: string;
  recordedAt: number;
}

export interface Truth {
  /** In order of position. */
  log: LogRow[];
  /** Committed rows of the application: order to the event that was published with it. */
  orders: Map<string, string | null>;
  /** Committed, and without a position. */
  waiting: number;
  /** Endpoints with something that they were not told, or that was not settled. */
  unsettled: number;
}

/** What is committed, read past the nodes. */
export async function readTruth(url: string): Promise<Truth> {
  const log = await read<LogRow>(
    url,
    `SELECT l.id, l.type, e.subject, e.recorded_at::float AS "recordedAt"
     FROM signpost_log l JOIN signpost_event e ON e.ordinal = l.ordinal ORDER BY l.partition, l.position`,
  );
  const orders = await read<{ id: string; event_id: string | null }>(url, 'SELECT id, event_id FROM orders');
  const [left] = await read<{ waiting: number; unsettled: number }>(
    url,
    `SELECT (SELECT count(*)::int FROM signpost_outbox) AS waiting, (SELECT count(*)::int FROM signpost_endpoint_position
       WHERE lease_owner IS NOT NULL OR open_signal IS NOT NULL
         OR head > signalled_through OR head < (SELECT max(position) FROM signpost_log)) AS unsettled`,
  );
  return {
    log,
    orders: new Map(orders.map((row) => [row.id, row.event_id])),
    waiting: left?.waiting ?? 0,
    unsettled: left?.unsettled ?? 0,
  };
}

/** One statement past the nodes. */
export async function read<Row>(url: string, sql: string): Promise<Row[]> {
  return (await query(url, sql)) as unknown[] as Row[];
}
