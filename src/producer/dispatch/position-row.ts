import type { EndpointId, SignalId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { SignalKind } from './dispatch-store.js';

/** What a receiver is told with a signal of its own, before any events; the last one asks for the proof that the URL is its own. */
export type Notice = 'endpoint.enabled' | 'endpoint.disabled' | 'endpoint.verification';

/** Where one endpoint stands. Times are Unix ms. See docs/states.md. */
export interface PositionRow {
  endpoint_id: EndpointId;
  /** 0: nothing but a notice goes out; the place in the log stays. */
  active: 0 | 1;
  /** Every matching event up to here has been in an acknowledged signal. */
  signalled_through: Position;
  /** Newest position known to match; at least `signalled_through`. */
  head: Position;
  /** When this row wants attention; null: it rests. While leased: when the lease runs out. */
  due_at: number | null;
  /** No signal before this: the end of the back-off, of `Retry-After`, or of `minInterval`. */
  not_before: number;
  /** Failed attempts of the open signal; while a proof is asked for, challenges that were not answered rightly. */
  attempt: number;
  /** Begin of the present run of failures. */
  failing_since: number | null;
  /** Events up to here must have been fetched by `confirm_due_at`; null: none is outstanding. */
  confirm_through: Position | null;
  confirm_due_at: number | null;
  /** Reminders sent since the last time that everything had been fetched. */
  reminder: number;
  lease_owner: string | null;
  /** Fencing token: grows with every claim. */
  lease_token: number;
  lease_until: number | null;
  notice: Notice | null;
  /** The endpoint's version that brought its URL. */
  url_version: number;
  /** The URL must be proved, by then; null: it is, or need not be. */
  verify_by: number | null;
  /** The signal that was composed and is not yet acknowledged: repeated with the same id and bytes. */
  open_signal: SignalId | null;
  open_kind: SignalKind | null;
  open_after: Position | null;
  open_through: Position | null;
  open_count: number | null;
  open_traceparent: string | null;
  open_body: string | null;
}

/** When a row that is not leased wants attention next. */
export function restingDueAt(row: PositionRow, now: number): number | null {
  if (row.notice === 'endpoint.verification') return Math.max(now, row.not_before);
  if (row.notice !== null) return now;
  if (row.active === 0) return null;
  if (row.attempt > 0) return row.not_before;
  if (row.open_signal !== null || row.head > row.signalled_through) return Math.max(now, row.not_before);
  return row.confirm_due_at;
}

export function clearOpenSignal(row: PositionRow): void {
  row.open_signal = null;
  row.open_kind = null;
  row.open_after = null;
  row.open_through = null;
  row.open_count = null;
  row.open_traceparent = null;
  row.open_body = null;
}
