import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { Position } from './event-store.js';
import {
  FOLD_LIMIT,
  foldedMark,
  foldSelection,
  foldStart,
  type EndpointSelectionRow,
  type FoldSelection,
  type SelectionRow,
} from './fold.js';

/**
 * Moves a receiver's marks over its receipts as far as no older event that its endpoints select lacks one, and drops the
 * receipts that the marks have passed.
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

function readSelection(turns: SqliteTurns, receiver: ReceiverId): FoldSelection | undefined {
  const row = turns.prepare('SELECT tenant, event_types FROM signpost_receiver WHERE id = ?').get(receiver);
  if (!row) return undefined;
  const endpoints = turns
    .prepare('SELECT event_types, start_position FROM signpost_endpoint WHERE receiver_id = ?')
    .all(receiver);
  return foldSelection(row as SelectionRow, endpoints as EndpointSelectionRow[]);
}

/** The mark after folding: never beyond the last receipt. */
function advance(
  turns: SqliteTurns,
  receiver: ReceiverId,
  selection: FoldSelection,
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

  const start = foldStart(selection, mark, last);
  const entries = turns
    .prepare(
      `SELECT ordinal AS position, type FROM signpost_event WHERE tenant = ? AND ordinal > ? AND ordinal <= ?
       ORDER BY ordinal LIMIT ${FOLD_LIMIT}`,
    )
    .iterate(selection.tenant, start, last) as IterableIterator<{ position: number; type: string }>;
  return foldedMark(selection, start, entries, receipts);
}
