import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { matchesEventType } from '../../protocol/event-type.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { Position } from './event-store.js';

/** Log entries looked at in one fold, at most; the next fold goes on where this one stopped. */
const FOLD_LIMIT = 10_000;

interface Selection {
  tenant: string;
  admitted: string[];
  endpoints: { patterns: string[]; start: Position }[];
}

/**
 * Moves a receiver's marks over its receipts as far as no older event that its endpoints select lacks one, and drops the
 * receipts that the marks have passed. Without endpoints, every event that the receiver may read counts as selected.
 */
export function foldReceipts(turns: SqliteTurns, receiver: ReceiverId, withReceipts: boolean): void {
  const marks = (): { fetched: Position; acked: Position } | undefined =>
    turns
      .prepare(
        'SELECT fetched_through AS fetched, acked_through AS acked FROM signpost_receiver_position WHERE receiver_id = ?',
      )
      .get(receiver) as { fetched: Position; acked: Position } | undefined;

  if (withReceipts) {
    const selection = readSelection(turns, receiver);
    if (!selection) return;
    const before = marks() ?? { fetched: 0, acked: 0 };
    const fetched = advance(turns, receiver, selection, before.fetched, false);
    const acked = advance(turns, receiver, selection, before.acked, true);
    if (fetched > before.fetched || acked > before.acked) {
      turns
        .prepare(
          `INSERT INTO signpost_receiver_position (receiver_id, fetched_through, acked_through) VALUES (?, ?, ?)
           ON CONFLICT (receiver_id) DO UPDATE SET fetched_through = excluded.fetched_through, acked_through = excluded.acked_through`,
        )
        .run(receiver, Math.max(fetched, acked), acked);
    }
  }

  const now = marks();
  if (!now) return;
  turns
    .prepare('DELETE FROM signpost_receipt WHERE receiver_id = ? AND position <= ? AND (acked = 0 OR position <= ?)')
    .run(receiver, now.fetched, now.acked);
}

function readSelection(turns: SqliteTurns, receiver: ReceiverId): Selection | undefined {
  const row = turns.prepare('SELECT tenant, event_types FROM signpost_receiver WHERE id = ?').get(receiver) as
    { tenant: string; event_types: string } | undefined;
  if (!row) return undefined;
  const endpoints = turns
    .prepare('SELECT event_types, start_position FROM signpost_endpoint WHERE receiver_id = ?')
    .all(receiver) as { event_types: string; start_position: number }[];
  return {
    tenant: row.tenant,
    admitted: JSON.parse(row.event_types) as string[],
    endpoints:
      endpoints.length === 0
        ? [{ patterns: ['*'], start: 0 }]
        : endpoints.map((endpoint) => ({
            patterns: JSON.parse(endpoint.event_types) as string[],
            start: endpoint.start_position,
          })),
  };
}

/** The mark after folding: never beyond the last receipt, never over a selected event without one. */
function advance(
  turns: SqliteTurns,
  receiver: ReceiverId,
  { tenant, admitted, endpoints }: Selection,
  mark: Position,
  acked: boolean,
): Position {
  const rows = turns
    .prepare(
      `SELECT position FROM signpost_receipt WHERE receiver_id = ? AND position > ?${acked ? ' AND acked = 1' : ''}
       ORDER BY position LIMIT ${FOLD_LIMIT}`,
    )
    .all(receiver, mark) as { position: number }[];
  const receipts = new Set(rows.map((row) => row.position));
  const last = rows.at(-1)?.position;
  if (last === undefined) return mark;

  // No endpoint selects anything at or before the first one's start.
  const start = Math.min(...endpoints.map((endpoint) => endpoint.start));
  let reached = Math.max(mark, Math.min(start, last));
  const entries = turns
    .prepare(
      `SELECT ordinal, type FROM signpost_event WHERE tenant = ? AND ordinal > ? AND ordinal <= ?
       ORDER BY ordinal LIMIT ${FOLD_LIMIT}`,
    )
    .iterate(tenant, reached, last) as IterableIterator<{ ordinal: number; type: string }>;
  for (const { ordinal, type } of entries) {
    const selected =
      matchesEventType(admitted, type) &&
      endpoints.some((endpoint) => ordinal > endpoint.start && matchesEventType(endpoint.patterns, type));
    if (selected && !receipts.has(ordinal)) break;
    reached = ordinal;
  }
  return reached;
}
