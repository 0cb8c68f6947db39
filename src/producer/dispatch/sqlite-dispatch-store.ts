import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { patternsMatching } from '../../protocol/event-type.js';
import type { EndpointId, IdGenerator } from '../../protocol/ids.js';
import type {
  ClaimedSignal,
  ClaimRequest,
  DispatchStore,
  Lease,
  NoTest,
  Settled,
  Settlement,
} from './dispatch-store.js';
import { SqliteEndpointRules } from './sqlite-endpoint-rules.js';
import type { DispatchPolicy } from './policy.js';
import type { PositionRow } from './position-row.js';
import { SqliteClaim } from './sqlite-claim.js';
import { savePosition } from './sqlite-position-row.js';
import { applySettlement, stateAfter } from './transition.js';
import { noteDecisions } from './transition-audit.js';

/** Newest position of each tenant and type among the events not yet looked at. */
const UNMATCHED = `SELECT tenant, type, max(ordinal) AS position, count(*) AS n FROM (
    SELECT tenant, type, ordinal FROM signpost_event
    WHERE ordinal > (SELECT matched_through FROM signpost_log_head WHERE partition = 0) ORDER BY ordinal LIMIT ?
  ) GROUP BY tenant, type`;

const WAKE = `UPDATE signpost_endpoint_position SET
    head = max(head, @position),
    due_at = CASE WHEN lease_owner IS NOT NULL OR attempt > 0 THEN due_at
                  ELSE min(coalesce(due_at, 9007199254740991), max(@now, not_before)) END
  WHERE active = 1 AND signalled_through < @position AND endpoint_id IN (
    SELECT endpoint_id FROM signpost_endpoint_filter WHERE tenant = @tenant AND pattern IN (SELECT value FROM json_each(@patterns)))`;

const LEASED =
  'SELECT * FROM signpost_endpoint_position WHERE endpoint_id = ? AND lease_token = ? AND lease_owner IS NOT NULL';

const LOG_ATTEMPT = `INSERT INTO signpost_signal (endpoint_id, signal_id, kind, first_position, last_position, event_count,
    attempt, sent_at, outcome, status, latency_ms, category) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const NOTE_DECISION = noteDecisions('signpost_change', '?', 'signpost_endpoint WHERE id = ?');

/**
 * A power failure may take the outcome back: then the signal, which was durable before it was sent, goes out once more as it is. A failure
 * counts towards backing off and disabling, and a proof lets events go to a URL: those are kept.
 */
function isRepeatable({ claim, outcome }: Settlement): boolean {
  return outcome === 'acknowledged' && (claim.kind === 'events' || claim.kind === 'reminder');
}

/** Position rows on SQLite. Steps that wait at the same time share one transaction and one fsync. */
export class SqliteDispatchStore implements DispatchStore {
  private readonly rules: SqliteEndpointRules;
  private readonly claims: SqliteClaim;

  constructor(
    private readonly turns: SqliteTurns,
    ids: IdGenerator,
    private readonly policy: DispatchPolicy,
    private readonly now: () => number,
    private readonly random: () => number,
  ) {
    this.rules = new SqliteEndpointRules(turns);
    this.claims = new SqliteClaim(turns, this.rules, ids, policy, now, random);
  }

  wake(limit: number): Promise<{ looked: number; more: boolean }> {
    return this.turns.step('wake', () => {
      const groups = this.turns.prepare(UNMATCHED).all(limit) as {
        tenant: string;
        type: string;
        position: number;
        n: number;
      }[];
      if (groups.length === 0) return { looked: 0, more: false };
      const now = this.now();
      let looked = 0;
      let through = 0;
      for (const { tenant, type, position, n } of groups) {
        this.turns.prepare(WAKE).run({ position, now, tenant, patterns: JSON.stringify(patternsMatching(type)) });
        looked += n;
        through = Math.max(through, position);
      }
      this.turns.prepare('UPDATE signpost_log_head SET matched_through = ? WHERE partition = 0').run(through);
      return { looked, more: looked === limit };
    });
  }

  claim(request: ClaimRequest): Promise<ClaimedSignal[]> {
    return this.turns.step('claim', () => this.claims.due(request));
  }

  claimForTest(endpoint: EndpointId, owner: string): Promise<ClaimedSignal | NoTest> {
    return this.turns.step('claim for test', () => this.claims.test(endpoint, owner));
  }

  settle(settlements: readonly Settlement[]): Promise<Settled[]> {
    const settle = (): Settled[] => settlements.map((settlement) => this.settleOne(settlement));
    return this.turns.step('settle', settle, { durable: !settlements.every(isRepeatable) });
  }

  renew(leases: readonly Lease[], owner: string): Promise<Lease[]> {
    const extend = (): Lease[] => {
      const until = this.now() + this.policy.leaseMs;
      const renew = this.turns.prepare(
        `UPDATE signpost_endpoint_position SET lease_until = ?, due_at = ?
         WHERE endpoint_id = ? AND lease_token = ? AND lease_owner = ?`,
      );
      return leases.filter(({ endpoint, token }) => renew.run(until, until, endpoint, token, owner).changes === 0);
    };
    // A power failure ends the owner as well.
    return this.turns.step('renew', extend, { durable: false });
  }

  nextDueAt(): Promise<number | null> {
    return this.turns.read('next due', () => {
      const row = this.turns
        .prepare('SELECT min(due_at) AS due FROM signpost_endpoint_position WHERE due_at IS NOT NULL')
        .get() as { due: number | null };
      return row.due;
    });
  }

  recoverLeases(): Promise<number> {
    return this.turns.step('recover leases', () => {
      // The token grows, so that a writer of the former owner, should one still live, is refused.
      const { changes } = this.turns
        .prepare(
          `UPDATE signpost_endpoint_position SET lease_owner = NULL, lease_until = NULL, lease_token = lease_token + 1, due_at = ?
           WHERE lease_owner IS NOT NULL`,
        )
        .run(this.now());
      return changes;
    });
  }

  pruneAttempts(before: number, limit: number): Promise<number> {
    return this.turns.step('prune attempts', () => {
      const { changes } = this.turns
        .prepare(
          `DELETE FROM signpost_signal WHERE ordinal IN (
             SELECT ordinal FROM (SELECT ordinal, sent_at FROM signpost_signal ORDER BY ordinal LIMIT ?) WHERE sent_at < ?)`,
        )
        .run(limit, before);
      return changes;
    });
  }

  private settleOne(settlement: Settlement): Settled {
    const { claim } = settlement;
    const row = this.turns.prepare(LEASED).get(claim.endpoint, claim.token) as PositionRow | undefined;
    if (!row) return 'lost-lease';
    const now = this.now();
    const { version } = this.turns
      .prepare('SELECT version FROM signpost_endpoint WHERE id = ?')
      .get(claim.endpoint) as {
      version: number;
    };
    const rules = this.rules.read(claim.endpoint, version);
    const decision = applySettlement(row, settlement, rules, this.policy, now, this.random);
    savePosition(this.turns, row);
    if (settlement.outcome !== 'released') this.logAttempt(settlement);
    if (!decision) return 'settled';
    const { state, reason } = stateAfter(decision);
    this.turns
      .prepare(`UPDATE signpost_endpoint SET state = ?, reason = ?, version = version + 1, updated_at = ? WHERE id = ?`)
      .run(state, reason, now, claim.endpoint);
    this.turns.prepare(NOTE_DECISION).run(now, claim.endpoint);
    return decision === 'verified' ? decision : 'disabled';
  }

  private logAttempt({ claim, sentAt, outcome, status, latencyMs, category }: Settlement): void {
    this.turns
      .prepare(LOG_ATTEMPT)
      .run(
        claim.endpoint,
        claim.signal,
        claim.kind,
        claim.first,
        claim.last,
        claim.count,
        claim.attempt,
        sentAt,
        outcome,
        status,
        Math.round(latencyMs),
        category,
      );
  }
}
