import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { EndpointId, IdGenerator } from '../../protocol/ids.js';
import { claimedSignal, composedBefore, composedTest, composeNext, keepOpen } from './composing.js';
import type { ClaimedSignal, ClaimRequest, NoTest } from './dispatch-store.js';
import type { SqliteEndpointRules } from './sqlite-endpoint-rules.js';
import { answerNow } from './log-reads.js';
import type { DispatchPolicy } from './policy.js';
import { restingDueAt, type PositionRow } from './position-row.js';
import { SqliteLogReads } from './sqlite-log-reads.js';
import { savePosition } from './sqlite-position-row.js';

const DUE = `SELECT p.*, e.version FROM signpost_endpoint_position p JOIN signpost_endpoint e ON e.id = p.endpoint_id
  WHERE p.due_at IS NOT NULL AND p.due_at <= ? ORDER BY p.due_at LIMIT ?`;
const ONE = `SELECT p.*, e.version FROM signpost_endpoint_position p JOIN signpost_endpoint e ON e.id = p.endpoint_id
  WHERE p.endpoint_id = ?`;

type ClaimableRow = PositionRow & { version: number };

/** Leases due endpoints and composes their signals, within one engine step. */
export class SqliteClaim {
  constructor(
    private readonly turns: SqliteTurns,
    private readonly rules: SqliteEndpointRules,
    private readonly ids: IdGenerator,
    private readonly policy: DispatchPolicy,
    private readonly now: () => number,
    private readonly random: () => number,
  ) {}

  due(request: ClaimRequest): ClaimedSignal[] {
    const now = this.now();
    const reads = new SqliteLogReads(this.turns);
    const rows = this.turns.prepare(DUE).all(now, request.limit) as ClaimableRow[];
    const claims: ClaimedSignal[] = [];
    for (const row of rows) {
      const claim = this.claimRow(row, reads, request.owner, now);
      if (claim) claims.push(claim);
    }
    return claims;
  }

  test(endpoint: EndpointId, owner: string): ClaimedSignal | NoTest {
    const now = this.now();
    const row = this.turns.prepare(ONE).get(endpoint) as ClaimableRow | undefined;
    if (!row || (row.lease_until !== null && row.lease_until > now)) return 'in-flight';
    if (row.verify_by !== null) return 'unverified';
    this.lease(row, owner, now);
    savePosition(this.turns, row);
    return claimedSignal(row, this.ids.next('sig'), composedTest(row, now), 1);
  }

  private claimRow(row: ClaimableRow, reads: SqliteLogReads, owner: string, now: number): ClaimedSignal | undefined {
    const open = row.active === 1 ? composedBefore(row) : undefined;
    if (open) {
      this.lease(row, owner, now);
      savePosition(this.turns, row);
      return claimedSignal(row, open.signal, open, row.attempt + 1);
    }
    const rules = this.rules.read(row.endpoint_id, row.version);
    const composed = answerNow(composeNext(row, { rules, policy: this.policy, now, random: this.random }), reads);
    if (!composed) {
      row.lease_owner = null;
      row.lease_until = null;
      row.due_at = restingDueAt(row, now);
      savePosition(this.turns, row);
      return undefined;
    }
    const signal = this.ids.next('sig');
    this.lease(row, owner, now);
    keepOpen(row, signal, composed);
    savePosition(this.turns, row);
    return claimedSignal(row, signal, composed, row.attempt + 1);
  }

  private lease(row: PositionRow, owner: string, now: number): void {
    row.lease_owner = owner;
    row.lease_token += 1;
    row.lease_until = now + this.policy.leaseMs;
    // While leased, "due" means "the lease ran out": a crashed node's endpoints come back by themselves.
    row.due_at = row.lease_until;
  }
}
