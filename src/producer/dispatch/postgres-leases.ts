import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import { jsonRows } from '../../database/json-rows.js';
import type { EndpointId } from '../../protocol/ids.js';
import type { Lease } from './dispatch-store.js';
import { lockedInOrder } from './postgres-locks.js';

/** A claim is composed and known to its node by then, in ms; a lease of this node that it does not know is one whose answer was lost. */
const KNOWN_WITHIN_MS = 20_000;

/** Leases while signals are in flight. */
export class PostgresLeases {
  private readonly position: string;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly leaseMs: number,
    private readonly clock: DatabaseClock,
  ) {
    this.position = engine.table('endpoint_position');
  }

  /** Prolongs, and answers with what is lost. */
  async renew(leases: readonly Lease[], owner: string): Promise<Lease[]> {
    await this.giveBackUnknown(leases, owner);
    if (leases.length === 0) return [];
    const list = jsonRows(
      ['text', 'bigint'],
      leases.map(({ endpoint, token }) => [endpoint, token]),
    );
    const rows = await this.engine.rowsAgain<{ endpoint_id: EndpointId; token: number }>(
      `WITH v (endpoint_id, token) AS MATERIALIZED (${list.sql}), ${lockedInOrder(this.position)}
       UPDATE ${this.position} p SET lease_until = ${this.clock.sql} + $2::bigint, due_at = ${this.clock.sql} + $2::bigint
       FROM locked v
       WHERE p.endpoint_id = v.endpoint_id AND p.lease_token = v.token AND p.lease_owner = $3
       RETURNING p.endpoint_id, v.token`,
      [list.value, this.leaseMs, owner],
    );
    const kept = new Set(rows.map(({ endpoint_id, token }) => `${token} ${endpoint_id}`));
    return leases.filter(({ endpoint, token }) => !kept.has(`${token} ${endpoint}`));
  }

  /**
   * A claim whose answer was lost on the way: nobody would send its signals before the lease ends. Once a claim of this node has failed, none
   * is under way, so what the node does not know is of that one; otherwise, what it has not come to know for long.
   */
  async giveBackUnknown(known: readonly Lease[], owner: string, afterFailure = false): Promise<void> {
    const younger = afterFailure ? 0 : Math.min(KNOWN_WITHIN_MS, this.leaseMs / 2);
    await this.engine.rowsAgain(
      `UPDATE ${this.position} SET lease_owner = NULL, lease_until = NULL,
         due_at = CASE WHEN active = 1 OR notice IS NOT NULL THEN ${this.clock.sql} END
       -- While leased, the due time is the lease's end: the index of due times finds those that run out next.
       WHERE lease_owner = $1 AND due_at IS NOT NULL AND due_at > ${this.clock.sql} AND due_at < ${this.clock.sql} + $2::bigint
         AND endpoint_id <> ALL ($3)`,
      [owner, this.leaseMs - younger + 1, known.map(({ endpoint }) => endpoint)],
    );
  }
}
