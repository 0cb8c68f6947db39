import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { encodeCursor } from '../../protocol/cursor.js';
import type { EndpointId, IdGenerator, SignalId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import {
  composeEndpointDisabled,
  composeEndpointEnabled,
  composeEndpointTest,
  composeEventsAvailable,
} from '../signal/compose.js';
import type { ClaimedSignal, ClaimRequest, SignalKind } from './dispatch-store.js';
import type { EndpointRules, EndpointRulesReader } from './endpoint-rules.js';
import { LogWindows } from './log-windows.js';
import { confirmedThrough, selectNew, selectUnconfirmed, type Selection } from './next-signal.js';
import { delay, type DispatchPolicy } from './policy.js';
import { restingDueAt, type PositionRow } from './position-row.js';
import { savePosition } from './sqlite-position-row.js';

const DUE = `SELECT p.*, e.version FROM signpost_endpoint_position p JOIN signpost_endpoint e ON e.id = p.endpoint_id
  WHERE p.due_at IS NOT NULL AND p.due_at <= ? ORDER BY p.due_at LIMIT ?`;
const ONE = `SELECT p.*, e.version FROM signpost_endpoint_position p JOIN signpost_endpoint e ON e.id = p.endpoint_id
  WHERE p.endpoint_id = ?`;

type ClaimableRow = PositionRow & { version: number };

/** What the next signal of an endpoint is, before it is written down. */
interface Composed {
  kind: SignalKind;
  body: string;
  after: Position | null;
  through: Position | null;
  count: number;
  traceparent: string | null;
}

/** Leases due endpoints and composes their signals, within one engine step. */
export class SqliteClaim {
  constructor(
    private readonly turns: SqliteTurns,
    private readonly rules: EndpointRulesReader,
    private readonly ids: IdGenerator,
    private readonly policy: DispatchPolicy,
    private readonly now: () => number,
    private readonly random: () => number,
  ) {}

  due(request: ClaimRequest): ClaimedSignal[] {
    const now = this.now();
    const windows = new LogWindows(this.turns);
    const rows = this.turns.prepare(DUE).all(now, request.limit) as ClaimableRow[];
    const claims: ClaimedSignal[] = [];
    for (const row of rows) {
      const claim = this.claimRow(row, windows, request.owner, now);
      if (claim) claims.push(claim);
    }
    return claims;
  }

  test(endpoint: EndpointId, owner: string): ClaimedSignal | undefined {
    const now = this.now();
    const row = this.turns.prepare(ONE).get(endpoint) as ClaimableRow | undefined;
    if (!row || (row.lease_until !== null && row.lease_until > now)) return undefined;
    const body = composeEndpointTest({ timestamp: now, endpointId: endpoint });
    this.lease(row, owner, now);
    savePosition(this.turns, row);
    return claimed(
      row,
      this.ids.next('sig'),
      { kind: 'test', body, after: null, through: null, count: 0, traceparent: null },
      1,
    );
  }

  private claimRow(row: ClaimableRow, windows: LogWindows, owner: string, now: number): ClaimedSignal | undefined {
    if (row.active === 1 && row.open_signal !== null && row.open_body !== null && row.open_kind !== null) {
      this.lease(row, owner, now);
      savePosition(this.turns, row);
      const open: Composed = {
        kind: row.open_kind,
        body: row.open_body,
        after: row.open_after,
        through: row.open_through,
        count: row.open_count ?? 0,
        traceparent: row.open_traceparent,
      };
      return claimed(row, row.open_signal, open, row.attempt + 1);
    }
    const composed = this.compose(row, windows, now);
    if (!composed) {
      row.lease_owner = null;
      row.lease_until = null;
      row.due_at = restingDueAt(row, now);
      savePosition(this.turns, row);
      return undefined;
    }
    const signal = this.ids.next('sig');
    this.lease(row, owner, now);
    // A notice is sent once and never repeated, so it is not kept as an open signal.
    if (composed.kind !== 'notice') open(row, signal, composed);
    savePosition(this.turns, row);
    return claimed(row, signal, composed, 1);
  }

  private compose(row: ClaimableRow, windows: LogWindows, now: number): Composed | undefined {
    if (row.notice !== null) return notice(row, now);
    if (row.active === 0) return undefined;
    const rules = this.rules.read(row.endpoint_id, row.version);
    if (row.head > row.signalled_through) {
      const selection = selectNew(windows, row, rules);
      if (selection.events.length > 0) return this.list('events', row, selection, windows, now);
      // Nothing in between matches (any more): the place moves on without a signal.
      row.signalled_through = Math.max(row.signalled_through, selection.through);
      row.head = selection.unfinished ? Math.max(row.head, selection.through + 1) : row.signalled_through;
    }
    if (row.confirm_due_at === null || row.confirm_due_at > now) return undefined;
    return this.remind(row, rules, windows, now);
  }

  private remind(row: PositionRow, rules: EndpointRules, windows: LogWindows, now: number): Composed | undefined {
    const selection = selectUnconfirmed(this.turns, windows, row, rules);
    if (selection.events.length > 0) return this.list('reminder', row, selection, windows, now);
    row.reminder = 0;
    if (selection.unfinished) {
      row.confirm_due_at = now;
    } else if (
      confirmedThrough(this.turns, rules) >= row.signalled_through ||
      row.confirm_through === row.signalled_through
    ) {
      row.confirm_through = null;
      row.confirm_due_at = null;
    } else {
      // Signalled meanwhile: the next deadline is theirs.
      row.confirm_through = row.signalled_through;
      row.confirm_due_at = now + delay(this.policy.confirmSchedule, 0, this.random);
    }
    return undefined;
  }

  private list(
    kind: 'events' | 'reminder',
    row: PositionRow,
    { events, more }: Selection,
    windows: LogWindows,
    now: number,
  ): Composed {
    const first = events[0]?.position ?? 0;
    const last = events.at(-1)?.position ?? 0;
    return {
      kind,
      body: composeEventsAvailable({
        timestamp: now,
        endpointId: row.endpoint_id,
        events,
        after: encodeCursor({ partition: 0, position: first - 1 }),
        cursor: encodeCursor({ partition: 0, position: last }),
        more: more || (kind === 'reminder' && row.head > last),
      }),
      after: first - 1,
      through: last,
      count: events.length,
      traceparent: windows.traceparent(last),
    };
  }

  private lease(row: PositionRow, owner: string, now: number): void {
    row.lease_owner = owner;
    row.lease_token += 1;
    row.lease_until = now + this.policy.leaseMs;
    // While leased, "due" means "the lease ran out": a crashed node's endpoints come back by themselves.
    row.due_at = row.lease_until;
  }
}

function open(row: PositionRow, signal: SignalId, composed: Composed): void {
  row.open_signal = signal;
  row.open_kind = composed.kind;
  row.open_after = composed.after;
  row.open_through = composed.through;
  row.open_count = composed.count;
  row.open_traceparent = composed.traceparent;
  row.open_body = composed.body;
}

function notice(row: PositionRow, now: number): Composed {
  const about = { timestamp: now, endpointId: row.endpoint_id };
  const body =
    row.notice === 'endpoint.enabled'
      ? composeEndpointEnabled(about)
      : composeEndpointDisabled({ ...about, reason: 'failing' });
  return { kind: 'notice', body, after: null, through: null, count: 0, traceparent: null };
}

function claimed(row: ClaimableRow, signal: SignalId, composed: Composed, attempt: number): ClaimedSignal {
  return {
    endpoint: row.endpoint_id,
    token: row.lease_token,
    version: row.version,
    signal,
    kind: composed.kind,
    attempt,
    body: composed.body,
    traceparent: composed.traceparent,
    first: composed.after === null ? null : composed.after + 1,
    last: composed.through,
    count: composed.count,
  };
}
