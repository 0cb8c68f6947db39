import type { LogEntry, Position } from '../log/event-store.js';
import type { EndpointRules } from './endpoint-rules.js';
import { ask, type Asking } from './log-reads.js';
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

/** Which of a window's entries belong into the signal. */
type Wanted = (entries: readonly LogEntry[]) => Asking<readonly LogEntry[]>;

/** Matching events behind `row.signalled_through`. */
export function selectNew(row: PositionRow, rules: EndpointRules): Asking<Selection> {
  return select(rules, row.signalled_through, Number.POSITIVE_INFINITY, function* (entries) {
    return entries;
  });
}

/**
 * Events that were signalled, but neither fetched (or acked, as the endpoint confirms) nor forgotten by retention. `confirmed` is the
 * receiver's mark that counts for this endpoint.
 */
export function* selectUnconfirmed(
  row: PositionRow,
  rules: EndpointRules,
): Asking<Selection & { confirmed: Position }> {
  const acked = rules.confirm === 'ack';
  const through = row.confirm_through ?? row.signalled_through;
  const confirmed = yield* ask((reads) => reads.mark(rules.receiver, acked));
  const after = Math.max(confirmed, rules.start);
  if (after >= through) return { events: [], through, more: false, unfinished: false, confirmed };
  const selection = yield* select(rules, after, through, function* (entries) {
    if (entries.length === 0) return entries;
    const positions = entries.map(({ position }) => position);
    const receipts = yield* ask((reads) => reads.receipts(rules.receiver, positions, acked));
    return entries.filter(({ position }) => !receipts.has(position));
  });
  return { ...selection, confirmed };
}

function* select(rules: EndpointRules, after: Position, limit: Position, wanted: Wanted): Asking<Selection> {
  const events: LogEntry[] = [];
  let through = after;
  for (let read = 0; read < MAX_WINDOWS; read += 1) {
    const place = through;
    const window = yield* ask((reads) => reads.window(rules.tenant, rules.partition, place));
    const within = window.entries.filter(({ position }) => position <= limit);
    const found = yield* wanted(within.filter(({ type }) => rules.admits(type)));
    for (const entry of found) {
      if (events.length === rules.maxEvents) return { events, through, more: true, unfinished: false };
      events.push(entry);
      through = entry.position;
    }
    if (within.length < window.entries.length) return { events, through: limit, more: false, unfinished: false };
    through = within.at(-1)?.position ?? through;
    if (window.end) return { events, through, more: false, unfinished: false };
    // What was found can go out; what lies behind is for the next signal.
    if (events.length > 0) return { events, through, more: true, unfinished: false };
  }
  return { events, through, more: true, unfinished: true };
}
