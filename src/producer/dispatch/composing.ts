import type { CursorPlace } from '../../protocol/cursor.js';
import { encodeCursor } from '../../protocol/cursor.js';
import type { SignalId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import {
  composeEndpointDisabled,
  composeEndpointEnabled,
  composeEndpointTest,
  composeEndpointVerification,
  composeEventsAvailable,
} from '../signal/compose.js';
import { newChallenge } from '../signal/challenge.js';
import type { ClaimedSignal, SignalKind } from './dispatch-store.js';
import type { EndpointRules } from './endpoint-rules.js';
import { ask, type Asking } from './log-reads.js';
import { selectNew, selectUnconfirmed, type Selection } from './next-signal.js';
import { delay, type DispatchPolicy } from './policy.js';
import type { PositionRow } from './position-row.js';

/** What the next signal of an endpoint is, before it is written down. */
export interface Composed {
  kind: SignalKind;
  body: string;
  after: Position | null;
  through: Position | null;
  count: number;
  traceparent: string | null;
  challenge: string | null;
}

/** What composing is told besides the row. */
export interface ComposingContext {
  rules: EndpointRules;
  policy: DispatchPolicy;
  /** Unix ms. */
  now: number;
  random: () => number;
}

/**
 * The next signal of a row that has no open one, or undefined when there is nothing to say. Then the row is changed to say so: its place
 * moves on over what does not match, and a deadline that was met goes away.
 */
export function* composeNext(row: PositionRow, context: ComposingContext): Asking<Composed | undefined> {
  const { rules, now } = context;
  if (row.notice !== null) return composedNotice(row, now);
  if (row.active === 0) return undefined;
  if (row.head > row.signalled_through) {
    const selection = yield* selectNew(row, rules);
    if (selection.events.length > 0) {
      // Where it could not be woken for them, the head does not tell of all that waits.
      if (selection.more) row.head = Math.max(row.head, selection.through + 1);
      return yield* composedList('events', row, selection, context);
    }
    // Nothing in between matches (any more): the place moves on without a signal.
    row.signalled_through = Math.max(row.signalled_through, selection.through);
    row.head = selection.unfinished ? Math.max(row.head, selection.through + 1) : row.signalled_through;
  }
  if (row.confirm_due_at === null || row.confirm_due_at > now) return undefined;
  return yield* composedReminder(row, context);
}

function* composedReminder(row: PositionRow, context: ComposingContext): Asking<Composed | undefined> {
  const { rules, policy, now, random } = context;
  const selection = yield* selectUnconfirmed(row, rules);
  if (selection.events.length > 0) return yield* composedList('reminder', row, selection, context);
  row.reminder = 0;
  if (selection.unfinished) {
    row.confirm_due_at = now;
  } else if (selection.confirmed >= row.signalled_through || row.confirm_through === row.signalled_through) {
    row.confirm_through = null;
    row.confirm_due_at = null;
  } else {
    // Signalled meanwhile: the next deadline is theirs.
    row.confirm_through = row.signalled_through;
    row.confirm_due_at = now + delay(policy.confirmSchedule, 0, random);
  }
  return undefined;
}

function* composedList(
  kind: 'events' | 'reminder',
  row: PositionRow,
  { events, more }: Selection,
  { rules, now }: ComposingContext,
): Asking<Composed> {
  const first = events[0]?.position ?? 0;
  const last = events.at(-1)?.position ?? 0;
  const cursor = (position: Position) => encodeCursor({ partition: rules.partition, position });
  const newest: CursorPlace = { partition: rules.partition, position: last };
  return {
    kind,
    body: composeEventsAvailable({
      timestamp: now,
      endpointId: row.endpoint_id,
      events,
      after: cursor(first - 1),
      cursor: cursor(last),
      more: more || (kind === 'reminder' && row.head > last),
    }),
    after: first - 1,
    through: last,
    count: events.length,
    traceparent: yield* ask((reads) => reads.traceparent(newest)),
    challenge: null,
  };
}

function composedNotice(row: PositionRow, now: number): Composed {
  const about = { timestamp: now, endpointId: row.endpoint_id };
  if (row.notice === 'endpoint.verification') {
    const challenge = newChallenge();
    const body = composeEndpointVerification({ ...about, challenge });
    return { kind: 'verification', body, ...NO_EVENTS, challenge };
  }
  const body =
    row.notice === 'endpoint.enabled'
      ? composeEndpointEnabled(about)
      : composeEndpointDisabled({ ...about, reason: 'failing' });
  return { kind: 'notice', body, ...NO_EVENTS };
}

const NO_EVENTS = { after: null, through: null, count: 0, traceparent: null, challenge: null };

export function composedTest({ endpoint_id: endpointId }: PositionRow, now: number): Composed {
  return { kind: 'test', body: composeEndpointTest({ timestamp: now, endpointId }), ...NO_EVENTS };
}

/** The signal that the row has open, as it was composed. */
export function composedBefore(row: PositionRow): (Composed & { signal: SignalId }) | undefined {
  if (row.open_signal === null || row.open_body === null || row.open_kind === null) return undefined;
  return {
    signal: row.open_signal,
    kind: row.open_kind,
    body: row.open_body,
    after: row.open_after,
    through: row.open_through,
    count: row.open_count ?? 0,
    traceparent: row.open_traceparent,
    challenge: null,
  };
}

/** Whether a signal is kept, to be repeated as it is. Notices are sent once, and each attempt at a proof has a challenge of its own. */
export function isKept({ kind }: Composed): boolean {
  return kind !== 'notice' && kind !== 'verification';
}

/** Keeps a composed signal in the row, to be repeated with the same id and bytes. */
export function keepOpen(row: PositionRow, signal: SignalId, composed: Composed): void {
  if (!isKept(composed)) return;
  row.open_signal = signal;
  row.open_kind = composed.kind;
  row.open_after = composed.after;
  row.open_through = composed.through;
  row.open_count = composed.count;
  row.open_traceparent = composed.traceparent;
  row.open_body = composed.body;
}

export function claimedSignal(
  row: PositionRow & { version: number },
  signal: SignalId,
  composed: Composed,
  attempt: number,
): ClaimedSignal {
  return {
    endpoint: row.endpoint_id,
    token: row.lease_token,
    // On PostgreSQL the row may be newer than what was read of the endpoint beside it; never the other way round.
    version: Math.max(row.version, row.url_version),
    urlVersion: row.url_version,
    signal,
    kind: composed.kind,
    attempt,
    body: composed.body,
    traceparent: composed.traceparent,
    challenge: composed.challenge,
    first: composed.after === null ? null : composed.after + 1,
    last: composed.through,
    count: composed.count,
  };
}
