import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
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
import type { DispatchPolicy } from './policy.js';
import { PostgresClaim, type LeasedRow } from './postgres-claim.js';
import { PostgresLeases } from './postgres-leases.js';
import { PostgresSettle } from './postgres-settle.js';
import { PostgresWake } from './postgres-wake.js';

/** Position rows on PostgreSQL, for any number of nodes. No step holds a lock while this node thinks. */
export class PostgresDispatchStore implements DispatchStore {
  private readonly wakes: PostgresWake;
  private readonly claims: PostgresClaim;
  private readonly settles: PostgresSettle;
  private readonly leases: PostgresLeases;
  private waking: Promise<void> = Promise.resolve();
  /** Claimed and not settled yet. */
  private readonly open = new Set<ClaimedSignal>();
  private claiming = 0;
  private claimFailed = false;
  /** What this node's claims were made from. */
  private readonly rows = new WeakMap<ClaimedSignal, LeasedRow>();

  constructor(
    private readonly engine: PostgresEngine,
    ids: IdGenerator,
    policy: DispatchPolicy,
    clock: DatabaseClock,
    random: () => number,
    /** Resolves when what this node has committed has its positions. */
    private readonly sequenced: () => Promise<void>,
  ) {
    this.wakes = new PostgresWake(engine, clock);
    this.claims = new PostgresClaim(engine, ids, policy, clock, random);
    this.settles = new PostgresSettle(engine, policy, clock, random, (row) => this.claims.rulesOf(row));
    this.leases = new PostgresLeases(engine, policy.leaseMs, clock);
  }

  wake(limit: number): Promise<{ looked: number; more: boolean }> {
    const waking = this.sequenced().then(() => this.wakes.run(limit));
    this.waking = waking.then(
      () => undefined,
      () => undefined,
    );
    return waking;
  }

  async claim(request: ClaimRequest): Promise<ClaimedSignal[]> {
    // Asked for together with a wake, the claim comes second and sees what that woke.
    await this.waking;
    if (this.claimFailed && this.claiming === 0) {
      await this.leases.giveBackUnknown([...this.open], request.owner, true);
      this.claimFailed = false;
    }
    this.claiming += 1;
    try {
      const claims = await this.claims.due(request);
      for (const [claim, row] of claims) this.keep(claim, row);
      return [...claims.keys()];
    } catch (error) {
      // It may have leased rows that nobody here knows of.
      this.claimFailed = true;
      throw error;
    } finally {
      this.claiming -= 1;
    }
  }

  async claimForTest(endpoint: EndpointId, owner: string): Promise<ClaimedSignal | NoTest> {
    const claimed = await this.claims.test(endpoint, owner);
    if (typeof claimed === 'string') return claimed;
    const [claim, row] = claimed;
    this.keep(claim, row);
    return claim;
  }

  async settle(settlements: readonly Settlement[]): Promise<Settled[]> {
    const settled = await this.settles.settle(settlements, (claim) => this.rows.get(claim));
    for (const { claim } of settlements) this.open.delete(claim);
    return settled;
  }

  renew(leases: readonly Lease[], owner: string): Promise<Lease[]> {
    return this.leases.renew(leases, owner);
  }

  nextDueAt(): Promise<number | null> {
    return this.claims.nextDue();
  }

  /** Other nodes may live and hold theirs; those of the dead run out. */
  recoverLeases(): Promise<number> {
    return Promise.resolve(0);
  }

  pruneAttempts(before: number, limit: number): Promise<number> {
    const signal = this.engine.table('signal');
    return this.engine.change(
      `DELETE FROM ${signal} WHERE ordinal IN (
         SELECT ordinal FROM (SELECT ordinal, sent_at FROM ${signal} ORDER BY ordinal LIMIT $1) AS oldest WHERE sent_at < $2)`,
      [limit, before],
    );
  }

  private keep(claim: ClaimedSignal, row: LeasedRow): void {
    this.rows.set(claim, row);
    this.open.add(claim);
  }
}
