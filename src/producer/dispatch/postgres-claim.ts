import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { EndpointId, IdGenerator, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import { claimedSignal, composedBefore, composedTest, composeNext, isKept, keepOpen } from './composing.js';
import type { ClaimedSignal, ClaimRequest, NoTest } from './dispatch-store.js';
import { RULE_COLUMNS, RulesCache, rulesOf, type EndpointRules, type RuleRow } from './endpoint-rules.js';
import { answerLater, type LogReads } from './log-reads.js';
import type { DispatchPolicy } from './policy.js';
import type { PositionRow } from './position-row.js';
import { PostgresComposed, type ComposedRow } from './postgres-composed.js';
import { DueFloor } from './due-floor.js';
import { PostgresLogReads } from './postgres-log-reads.js';

/** A position row as it is leased, with what composing needs to know. */
export type LeasedRow = PositionRow &
  RuleRow & {
    revision: number;
    fetched: Position | null;
    acked: Position | null;
  };

interface DueRow extends LeasedRow {
  was_due: number;
  now: number;
}

/**
 * Leases due endpoints, composes their signals, writes them down: three steps that hold no lock in between. A node that dies among them leaves
 * endpoints that are due again when their leases end.
 */
export class PostgresClaim {
  private readonly rules = new RulesCache();
  private readonly floor: DueFloor;
  private readonly composed: PostgresComposed;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly ids: IdGenerator,
    private readonly policy: DispatchPolicy,
    private readonly clock: DatabaseClock,
    private readonly random: () => number,
  ) {
    this.floor = new DueFloor();
    this.composed = new PostgresComposed(engine, clock);
  }

  /** Answers with each claim and the row that it was made from. */
  async due({ owner, limit }: ClaimRequest): Promise<Map<ClaimedSignal, LeasedRow>> {
    const floor = this.floor.next();
    const rows = await this.leaseDue(owner, limit, floor);
    this.floor.claimed(rows[0]?.was_due, rows[0]?.now ?? this.clock.now(), rows.length < limit);
    if (rows.length === 0) return new Map();
    try {
      return await this.compose(rows);
    } catch (error) {
      // Otherwise they would be nobody's until their leases end. If this fails as well, that is what happens.
      await this.composed.release(rows).catch(() => undefined);
      throw error;
    }
  }

  async test(endpoint: EndpointId, owner: string): Promise<[ClaimedSignal, LeasedRow] | NoTest> {
    const [row] = await this.lease(
      owner,
      `SELECT endpoint_id, due_at FROM ${this.engine.table('endpoint_position')}
       WHERE endpoint_id = $1 AND verify_by IS NULL AND (lease_until IS NULL OR lease_until <= ${this.clock.sql}) FOR UPDATE`,
      [endpoint],
    );
    if (!row) return this.whyNoTest(endpoint);
    return [claimedSignal(row, this.ids.next('sig'), composedTest(row, this.clock.now()), 1), row];
  }

  /** When the next row is due, by the database's time; null: every endpoint rests. */
  async nextDue(): Promise<number | null> {
    const [row] = await this.engine.rowsAgain<{ due: number | null }>(
      `SELECT min(due_at) AS due FROM ${this.engine.table('endpoint_position')} WHERE due_at IS NOT NULL AND due_at > $1`,
      [this.floor.current],
    );
    return row?.due ?? null;
  }

  rulesOf(row: LeasedRow): EndpointRules {
    const known = this.rules.get(row.endpoint_id, row.version);
    if (known) return known;
    const rules = rulesOf(row);
    this.rules.put(row.endpoint_id, rules);
    return rules;
  }

  private async whyNoTest(endpoint: EndpointId): Promise<NoTest> {
    const [row] = await this.engine.rowsAgain<{ unverified: boolean }>(
      `SELECT verify_by IS NOT NULL AS unverified FROM ${this.engine.table('endpoint_position')} WHERE endpoint_id = $1`,
      [endpoint],
    );
    return row?.unverified ? 'unverified' : 'in-flight';
  }

  private leaseDue(owner: string, limit: number, floor: number): Promise<DueRow[]> {
    // Two claims at the same time pass over each other's rows.
    return this.lease(
      owner,
      `SELECT endpoint_id, due_at FROM ${this.engine.table('endpoint_position')}
       WHERE due_at IS NOT NULL AND due_at > $1 AND due_at <= ${this.clock.sql}
       ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [floor, limit],
    );
  }

  private async lease(owner: string, which: string, values: readonly unknown[]): Promise<DueRow[]> {
    const [position, endpoint, receiver, marks] = [
      'endpoint_position',
      'endpoint',
      'receiver',
      'receiver_position',
    ].map((name) => this.engine.table(name));
    const until = `${this.clock.sql} + $${values.length + 1}::bigint`;
    const asked = performance.now();
    // While leased, "due" means "the lease ran out": a crashed node's endpoints come back by themselves.
    const rows = await this.engine.rows<DueRow>(
      `WITH due AS MATERIALIZED (${which})
       UPDATE ${position} p SET lease_owner = $${values.length + 2}, lease_token = p.lease_token + 1, lease_until = ${until}, due_at = ${until}
       FROM due d JOIN ${endpoint} e ON e.id = d.endpoint_id JOIN ${receiver} r ON r.id = e.receiver_id
         LEFT JOIN ${marks} m ON m.receiver_id = e.receiver_id
       WHERE p.endpoint_id = d.endpoint_id
       RETURNING p.*, ${RULE_COLUMNS}, m.fetched_through AS fetched, m.acked_through AS acked, d.due_at AS was_due, ${this.clock.sql} AS now`,
      [...values, this.policy.leaseMs, owner],
    );
    const [first] = rows;
    if (first) this.clock.told(first.now, asked);
    return rows.sort((a, b) => a.was_due - b.was_due);
  }

  private async compose(rows: readonly DueRow[]): Promise<Map<ClaimedSignal, LeasedRow>> {
    const reads = new PostgresLogReads(this.engine, marksOf(rows));
    const now = this.clock.now();
    const composed = await Promise.all(rows.map((row) => this.composeRow(row, reads, now)));
    const kept = await this.composed.save(composed.filter(({ changed }) => changed));
    const claims = new Map<ClaimedSignal, LeasedRow>();
    for (const { row, claim, changed } of composed) {
      if (claim && (!changed || kept.has(row.endpoint_id))) claims.set(claim, row);
    }
    return claims;
  }

  private async composeRow(row: LeasedRow, reads: LogReads, now: number): Promise<ComposedRow> {
    const readHead = row.head;
    const open = row.active === 1 ? composedBefore(row) : undefined;
    if (open) return { row, readHead, changed: false, claim: claimedSignal(row, open.signal, open, row.attempt + 1) };
    const context = { rules: this.rulesOf(row), policy: this.policy, now, random: this.random };
    const composed = await answerLater(composeNext(row, context), reads);
    if (!composed) return { row, readHead, changed: true, claim: undefined };
    const signal = this.ids.next('sig');
    keepOpen(row, signal, composed);
    // What is not kept need not be written down.
    return { row, readHead, changed: isKept(composed), claim: claimedSignal(row, signal, composed, row.attempt + 1) };
  }
}

function marksOf(rows: readonly LeasedRow[]): Map<ReceiverId, { fetched: Position; acked: Position }> {
  return new Map(
    rows.map(({ receiver_id, fetched, acked }) => [receiver_id, { fetched: fetched ?? 0, acked: acked ?? 0 }]),
  );
}
