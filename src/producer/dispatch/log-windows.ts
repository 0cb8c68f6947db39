import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { LogEntry, Position } from '../log/event-store.js';

/** Entries read at once; a signal lists 250 at most, the rest is for filters that skip some. */
const WINDOW = 512;

// Answered by the index alone, so no payload page is read.
const READ = `SELECT ordinal AS position, id, type FROM signpost_event INDEXED BY signpost_event_tenant
  WHERE tenant = ? AND ordinal > ? ORDER BY ordinal LIMIT ${WINDOW}`;

/**
 * The log as one step sees it. A thousand endpoints that wait at the same place in the same tenant's log read it once.
 */
export class LogWindows {
  private readonly windows = new Map<string, LogEntry[]>();
  private readonly traces = new Map<Position, string | null>();
  private pruned: Position | undefined;

  constructor(private readonly turns: SqliteTurns) {}

  /** The next entries of a tenant; fewer than `size` only at the end of the log. */
  readonly size = WINDOW;

  after(tenant: string, position: Position): LogEntry[] {
    const from = Math.max(position, this.oldest());
    const key = `${from} ${tenant}`;
    let window = this.windows.get(key);
    if (!window) {
      window = this.turns.prepare(READ).all(tenant, from) as LogEntry[];
      this.windows.set(key, window);
    }
    return window;
  }

  traceparent(position: Position): string | null {
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
