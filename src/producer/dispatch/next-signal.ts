import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { LogEntry, Position } from '../log/event-store.js';
import type { EndpointRules } from './endpoint-rules.js';
import type { LogWindows } from './log-windows.js';
import type { PositionRow } from './position-row.js';

/** Windows that one look at one endpoint reads, at most; a filter that matches rarely goes on in the next step. */
const MAX_WINDOWS = 20;

/** The events of the next signal, or how far the look for them came. */
export interface Selection {
  /** In log order; empty when nothing matched. */
  events: LogEntry[];
  /** Everything up to here was looked at. */
  through: Position;
  /** Whether further matching events wait, as far as was seen. */
  more: boolean;
  /** Whether the look ended before the end of the log. */
  unfinished: boolean;
}

/** Matching events behind `row.signalled_through`. */
export function selectNew(windows: LogWindows, row: PositionRow, rules: EndpointRules): Selection {
  return select(windows, rules, row.signalled_through, Number.POSITIVE_INFINITY, () => true);
}

/** Events that were signalled, but neither fetched (or acked, as the endpoint confirms) nor forgotten by retention. */
export function selectUnconfirmed(
  turns: SqliteTurns,
  windows: LogWindows,
  row: PositionRow,
  rules: EndpointRules,
): Selection {
  const acked = rules.confirm === 'ack';
  const through = row.confirm_through ?? row.signalled_through;
  const mark = confirmedThrough(turns, rules);
  const after = Math.max(mark, rules.start);
  if (after >= through) return { events: [], through, more: false, unfinished: false };
  const receipt = turns.prepare(
    `SELECT 1 FROM signpost_receipt WHERE receiver_id = ? AND position = ?${acked ? ' AND acked = 1' : ''}`,
  );
  const lacks = (position: Position): boolean => receipt.get(rules.receiver, position) === undefined;
  return select(windows, rules, after, through, lacks);
}

/** The receiver's mark that counts for this endpoint. */
export function confirmedThrough(turns: SqliteTurns, rules: EndpointRules): Position {
  const row = turns
    .prepare('SELECT fetched_through, acked_through FROM signpost_receiver_position WHERE receiver_id = ?')
    .get(rules.receiver) as { fetched_through: number; acked_through: number } | undefined;
  return (rules.confirm === 'ack' ? row?.acked_through : row?.fetched_through) ?? 0;
}

function select(
  windows: LogWindows,
  rules: EndpointRules,
  after: Position,
  limit: Position,
  wanted: (position: Position) => boolean,
): Selection {
  const events: LogEntry[] = [];
  let through = after;
  for (let read = 0; read < MAX_WINDOWS; read += 1) {
    const window = windows.after(rules.tenant, through);
    for (const entry of window) {
      if (entry.position > limit) return { events, through: limit, more: false, unfinished: false };
      if (rules.admits(entry.type) && wanted(entry.position)) {
        if (events.length === rules.maxEvents) return { events, through, more: true, unfinished: false };
        events.push(entry);
      }
      through = entry.position;
    }
    if (window.length < windows.size) return { events, through, more: false, unfinished: false };
    // What was found can go out; what lies behind is for the next signal.
    if (events.length > 0) return { events, through, more: true, unfinished: false };
  }
  return { events, through, more: true, unfinished: true };
}
