import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { Pruned } from './event-store.js';

interface Row {
  ordinal: number;
  recorded_at: number;
}

/** One bounded batch of retention, in the step that the caller holds. See `EventStore.prune`. */
export function pruneLog(turns: SqliteTurns, expireBefore: number, forgetBefore: number, limit: number): Pruned {
  const { pruned_through: pruned } = turns
    .prepare('SELECT pruned_through FROM signpost_log_head WHERE partition = 0')
    .get() as { pruned_through: number };

  const next = turns
    .prepare('SELECT ordinal, recorded_at FROM signpost_event WHERE ordinal > ? ORDER BY ordinal LIMIT ?')
    .all(pruned, limit) as Row[];
  const expiring = olderThan(next, expireBefore);
  const through = expiring.at(-1)?.ordinal ?? pruned;
  if (expiring.length > 0) {
    turns
      .prepare('UPDATE signpost_event SET data = NULL, idempotency_key = NULL WHERE ordinal > ? AND ordinal <= ?')
      .run(pruned, through);
    turns.prepare('DELETE FROM signpost_receipt WHERE position <= ?').run(through);
    turns
      .prepare(
        'UPDATE signpost_log_head SET pruned_through = ?, matched_through = max(matched_through, ?) WHERE partition = 0',
      )
      .run(through, through);
  }

  const old = turns
    .prepare('SELECT ordinal, recorded_at FROM signpost_event WHERE ordinal <= ? ORDER BY ordinal LIMIT ?')
    .all(through, limit) as Row[];
  const forgetting = olderThan(old, forgetBefore);
  const last = forgetting.at(-1);
  if (last) turns.prepare('DELETE FROM signpost_event WHERE ordinal <= ?').run(last.ordinal);

  return {
    expired: expiring.length,
    forgotten: forgetting.length,
    more: expiring.length === limit || forgetting.length === limit,
  };
}

/** The leading rows that are older: only from the old end and in order, so that the oldest position stays one number. */
function olderThan(rows: Row[], before: number): Row[] {
  const end = rows.findIndex((row) => row.recorded_at >= before);
  return end === -1 ? rows : rows.slice(0, end);
}
