import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { CursorPlace } from '../../protocol/cursor.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { LogEntry, Position } from '../log/event-store.js';
import { WINDOW, type LogReads, type LogWindow } from './log-reads.js';

// Answered by the index alone, so no payload page is read.
const READ = `SELECT ordinal AS position, id, type FROM signpost_event INDEXED BY signpost_event_tenant
  WHERE tenant = ? AND ordinal > ? ORDER BY ordinal LIMIT ${WINDOW}`;

const RECEIPTS = `SELECT position FROM signpost_receipt
  WHERE receiver_id = ? AND acked >= ? AND position IN (SELECT value FROM json_each(?))`;

/**
 * The log as one step on SQLite sees it. A thousand endpoints that wait at the same place in the same tenant's log read it once.
 */
export class SqliteLogReads implements LogReads {
  private readonly windows = new Map<string, LogWindow>();
  private readonly traces = new Map<Position, string | null>();
  private pruned: Position | undefined;

  constructor(private readonly turns: SqliteTurns) {}

  window(tenant: string, _partition: number, after: Position): LogWindow {
    const from = Math.max(after, this.oldest());
    const key = `${from} ${tenant}`;
    let window = this.windows.get(key);
    if (!window) {
      const entries = this.turns.prepare(READ).all(tenant, from) as LogEntry[];
      window = { entries, end: entries.length < WINDOW };
      this.windows.set(key, window);
    }
    return window;
  }

  receipts(receiver: ReceiverId, positions: readonly Position[], acked: boolean): ReadonlySet<Position> {
    const rows = this.turns.prepare(RECEIPTS).all(receiver, acked ? 1 : 0, JSON.stringify(positions));
    return new Set((rows as { position: Position }[]).map(({ position }) => position));
  }

  mark(receiver: ReceiverId, acked: boolean): Position {
    const row = this.turns
      .prepare('SELECT fetched_through, acked_through FROM signpost_receiver_position WHERE receiver_id = ?')
      .get(receiver) as { fetched_through: number; acked_through: number } | undefined;
    return (acked ? row?.acked_through : row?.fetched_through) ?? 0;
  }

  traceparent({ position }: CursorPlace): string | null {
    let trace = this.traces.get(position);
    if (trace === undefined) {
      const row = this.turns.prepare('SELECT traceparent FROM signpost_event WHERE ordinal = ?').get(position) as
        { traceparent: string | null } | undefined;
      trace = row?.traceparent ?? null;
      this.traces.set(position, trace);
    }
    return trace;
  }

  /** Events at or before this position are out of retention: nobody could fetch them. */
  private oldest(): Position {
    this.pruned ??= (
      this.turns.prepare('SELECT pruned_through AS pruned FROM signpost_log_head WHERE partition = 0').get() as {
        pruned: Position;
      }
    ).pruned;
    return this.pruned;
  }
}
