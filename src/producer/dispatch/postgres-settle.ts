import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import { jsonRows } from '../../database/json-rows.js';
import type { EndpointId } from '../../protocol/ids.js';
import type { ClaimedSignal, Settled, Settlement } from './dispatch-store.js';
import { RULE_COLUMNS, type EndpointRules } from './endpoint-rules.js';
import type { DispatchPolicy } from './policy.js';
import type { LeasedRow } from './postgres-claim.js';
import { lockedInOrder } from './postgres-locks.js';
import { restingDueAt, type PositionRow } from './position-row.js';
import { applySettlement, stateAfter, type Decision } from './transition.js';
import { noteDecisions } from './transition-audit.js';

/** Outcomes of one statement. */
const MOST_ROWS = 1_000;
/** Looks at a row that people keep changing; then the lease runs out, and the signal is repeated. */
const TRIES = 5;

const STATE_TYPES = [
  ...['text', 'bigint', 'bigint', 'int', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'int', 'bigint'],
  ...[
    'bigint',
    'bigint',
    'int',
    'text',
    'bigint',
    'text',
    'text',
    'bigint',
    'bigint',
    'int',
    'text',
    'text',
    'text',
    'text',
  ],
];
const STATE_NAMES = `endpoint_id, token, revision, active, signalled_through, head, due_behind, due_caught_up, not_before, attempt, failing_since,
  confirm_through, confirm_due_at, reminder, notice, verify_by, open_signal, open_kind, open_after, open_through, open_count, open_traceparent,
  open_body, new_state, new_reason`;
const ATTEMPT_TYPES = ['text', 'text', 'bigint', 'bigint', 'int', 'int', 'bigint', 'text', 'int', 'int', 'text'];
const ATTEMPT_NAMES =
  'signal_id, kind, first_position, last_position, event_count, sent_attempt, sent_at, outcome, status, latency_ms, category';

/** A settlement and what it makes of the row. */
interface Applied {
  settlement: Settlement;
  row: LeasedRow;
  decision: Decision | null;
}

/**
 * Records outcomes. The row that was leased is what the outcome is applied to, and the lease's token and the row's revision say whether it is
 * still that: a statement that compares takes the place of a lock that a node would hold while it thinks. Of what is written meanwhile
 * only the head counts, which waking raises; it is compared in the statement.
 */
export class PostgresSettle {
  private readonly position: string;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly policy: DispatchPolicy,
    private readonly clock: DatabaseClock,
    private readonly random: () => number,
    private readonly rulesOf: (row: LeasedRow) => EndpointRules,
  ) {
    this.position = engine.table('endpoint_position');
  }

  /** `leased`: the rows that the claims were made from, as far as this node has them. */
  async settle(
    settlements: readonly Settlement[],
    leased: (claim: ClaimedSignal) => LeasedRow | undefined,
  ): Promise<Settled[]> {
    const results = new Map<Settlement, Settled>();
    let open = settlements;
    for (let tries = 0; open.length > 0 && tries < TRIES; tries += 1) {
      const rows = await this.rows(open, tries === 0 ? leased : () => undefined);
      const applied = open.flatMap((settlement) => this.apply(settlement, rows.get(settlement)) ?? []);
      for (const settlement of open) if (!rows.has(settlement)) results.set(settlement, 'lost-lease');
      for (let at = 0; at < applied.length; at += MOST_ROWS) {
        const saved = await this.save(applied.slice(at, at + MOST_ROWS));
        for (const one of saved) results.set(one.settlement, settledAs(one.decision));
      }
      open = open.filter((settlement) => !results.has(settlement));
    }
    return settlements.map((settlement) => results.get(settlement) ?? 'lost-lease');
  }

  /** The rows under their leases; none for a lease that another node has taken over. */
  private async rows(
    settlements: readonly Settlement[],
    leased: (claim: ClaimedSignal) => LeasedRow | undefined,
  ): Promise<Map<Settlement, LeasedRow>> {
    const rows = new Map<Settlement, LeasedRow>();
    for (const settlement of settlements) {
      const row = leased(settlement.claim);
      if (row) rows.set(settlement, row);
    }
    const others = settlements.filter((settlement) => !rows.has(settlement));
    if (others.length === 0) return rows;
    const [endpoint, receiver] = [this.engine.table('endpoint'), this.engine.table('receiver')];
    const read = await this.engine.rowsAgain<LeasedRow>(
      `SELECT p.*, ${RULE_COLUMNS} FROM ${this.position} p
       JOIN ${endpoint} e ON e.id = p.endpoint_id JOIN ${receiver} r ON r.id = e.receiver_id
       WHERE p.endpoint_id = ANY ($1) AND p.lease_owner IS NOT NULL`,
      [others.map(({ claim }) => claim.endpoint)],
    );
    for (const settlement of others) {
      const { endpoint: id, token } = settlement.claim;
      const row = read.find((found) => found.endpoint_id === id && found.lease_token === token);
      if (row) rows.set(settlement, row);
    }
    return rows;
  }

  private apply(settlement: Settlement, leased: LeasedRow | undefined): Applied | undefined {
    if (!leased) return undefined;
    // A copy: should the statement be refused, or lost, the outcome is applied again.
    const row = { ...leased };
    const decision = applySettlement(row, settlement, this.rulesOf(row), this.policy, this.clock.now(), this.random);
    return { settlement, row, decision };
  }

  private async save(applied: readonly Applied[]): Promise<Applied[]> {
    if (applied.length === 0) return [];
    const now = this.clock.now();
    const list = jsonRows(
      [...STATE_TYPES, ...ATTEMPT_TYPES],
      applied.map((one) => [...stateOf(one, now), ...attemptOf(one.settlement)]),
    );
    const signal = this.engine.table('signal');
    // Rare, and two more tables to plan for.
    const decided = applied.some(({ decision }) => decision !== null) ? this.decided() : '';
    const rows = await this.engine.rows<{ endpoint_id: EndpointId; token: number }>(
      `WITH v (${STATE_NAMES}, ${ATTEMPT_NAMES}) AS MATERIALIZED (${list.sql}), ${lockedInOrder(this.position)}, saved AS (
         UPDATE ${this.position} p SET
           active = v.active, signalled_through = v.signalled_through, head = greatest(p.head, v.head, v.signalled_through),
           due_at = CASE WHEN greatest(p.head, v.head) > v.signalled_through THEN v.due_behind ELSE v.due_caught_up END,
           not_before = v.not_before, attempt = v.attempt, failing_since = v.failing_since,
           confirm_through = v.confirm_through, confirm_due_at = v.confirm_due_at, reminder = v.reminder, notice = v.notice,
           verify_by = v.verify_by,
           open_signal = v.open_signal, open_kind = v.open_kind, open_after = v.open_after, open_through = v.open_through,
           open_count = v.open_count, open_traceparent = v.open_traceparent, open_body = v.open_body,
           lease_owner = NULL, lease_until = NULL
         FROM locked v
         WHERE p.endpoint_id = v.endpoint_id AND p.lease_token = v.token AND p.lease_owner IS NOT NULL AND p.revision = v.revision
         RETURNING v.*
       ), logged AS (
         INSERT INTO ${signal} (endpoint_id, signal_id, kind, first_position, last_position, event_count, attempt, sent_at, outcome,
           status, latency_ms, category)
         SELECT endpoint_id, signal_id, kind, first_position, last_position, event_count, sent_attempt, sent_at, outcome, status,
           latency_ms, category
         FROM saved WHERE outcome <> 'released'
       )${decided}
       SELECT endpoint_id, token FROM saved`,
      [list.value],
    );
    const saved = new Set(rows.map(({ endpoint_id, token }) => `${token} ${endpoint_id}`));
    return applied.filter(({ settlement: { claim } }) => saved.has(`${claim.token} ${claim.endpoint}`));
  }

  /** What outcomes make of their endpoints, and its rows in the audit of changes: further steps of the statement that saves them. */
  private decided(): string {
    const now = this.clock.sql;
    return `, decided AS (
         UPDATE ${this.engine.table('endpoint')} e SET state = s.new_state, reason = s.new_reason, version = e.version + 1, updated_at = ${now}
         FROM saved s WHERE e.id = s.endpoint_id AND s.new_state IS NOT NULL
         RETURNING e.id, e.receiver_id, e.reason
       ), noted AS (${noteDecisions(this.engine.table('change'), now, 'decided')})`;
  }
}

function settledAs(decision: Decision | null): Settled {
  if (decision === null) return 'settled';
  return decision === 'verified' ? decision : 'disabled';
}

function stateOf({ row, settlement, decision }: Applied, now: number): unknown[] {
  const dueWithHead = (head: number) => restingDueAt({ ...row, head } satisfies PositionRow, now);
  const after = decision && stateAfter(decision);
  return [
    row.endpoint_id,
    settlement.claim.token,
    row.revision,
    row.active,
    row.signalled_through,
    row.head,
    dueWithHead(Number.MAX_SAFE_INTEGER),
    dueWithHead(row.signalled_through),
    row.not_before,
    row.attempt,
    row.failing_since,
    row.confirm_through,
    row.confirm_due_at,
    row.reminder,
    row.notice,
    row.verify_by,
    row.open_signal,
    row.open_kind,
    row.open_after,
    row.open_through,
    row.open_count,
    row.open_traceparent,
    row.open_body,
    after?.state ?? null,
    after?.reason ?? null,
  ];
}

function attemptOf({ claim, sentAt, outcome, status, latencyMs, category }: Settlement): unknown[] {
  const { signal, kind, first, last, count, attempt } = claim;
  return [signal, kind, first, last, count, attempt, sentAt, outcome, status, Math.round(latencyMs), category];
}
