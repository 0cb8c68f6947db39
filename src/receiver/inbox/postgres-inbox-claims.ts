import type { DataSource, EntityManager } from 'typeorm';
import { NotInTransactionError } from '../../database/errors.js';
import { claimsOf, ENTRY_COLUMNS, type InboxRow, storableError } from './inbox-row.js';
import type { Claim, ClaimRef, ClaimRequest, FailedAttempt } from './inbox-store.js';
import type { InboxTables } from './inbox-tables.js';
import type { PostgresInboxLanes } from './postgres-inbox-lanes.js';
import type { PostgresClient, PostgresSession } from '../../database/postgres-session.js';
import { NOW_MS } from '../../database/postgres-time.js';

// The fence of every write after the claim: the token is the last one, and nobody has ended this claim. Who waits for the row compares
// it as it is then.
const HELD = `producer = $1 AND event_id = $2 AND token = $3 AND claimed_by IS NOT NULL AND state IN ('waiting', 'failed')`;

/** Claims and how they end. */
export class PostgresInboxClaims {
  constructor(
    private readonly dataSource: DataSource,
    private readonly session: PostgresSession,
    private readonly tables: InboxTables,
    private readonly lanes: PostgresInboxLanes,
  ) {}

  claim(request: ClaimRequest): Promise<Claim[]> {
    if (request.released.length === 0) return this.take(this.session, request);
    return this.session.transaction(async (client) => {
      await this.lanes.promote(client, request.producer, request.released);
      return this.take(client, request);
    });
  }

  async renew(claims: readonly ClaimRef[], leaseMs: number): Promise<ClaimRef[]> {
    if (claims.length === 0) return [];
    const { inbox } = this.tables;
    const refs = [
      claims.map(({ entry }) => entry.producer),
      claims.map(({ entry }) => entry.id),
      claims.map(({ token }) => token),
    ];
    const named = 'unnest($1::text[], $2::text[], $3::bigint[])';
    // A row that is locked is being marked as done by its handler, whose transaction may take its time: nothing to wait for.
    await this.session.query(
      `WITH held AS MATERIALIZED (
         SELECT i.ordinal FROM ${named} AS r (producer, event_id, token)
         JOIN ${inbox} i ON i.producer = r.producer AND i.event_id = r.event_id AND i.token = r.token
         WHERE i.claimed_by IS NOT NULL AND i.state IN ('waiting', 'failed')
         FOR UPDATE OF i SKIP LOCKED
       )
       UPDATE ${inbox} i SET due_at = ${NOW_MS} + $4::bigint FROM held WHERE i.ordinal = held.ordinal`,
      [...refs, Math.round(leaseMs)],
    );
    // Whoever takes an event from a worker raises its token; what the worker itself ended in the meantime is not lost.
    const { rows } = await this.session.query(
      `SELECT r.n FROM ${named} WITH ORDINALITY AS r (producer, event_id, token, n)
       WHERE (SELECT 1 FROM ${inbox} i WHERE i.producer = r.producer AND i.event_id = r.event_id AND i.token = r.token LIMIT 1) IS NULL`,
      refs,
    );
    const lost = new Set((rows as { n: string }[]).map(({ n }) => Number(n) - 1));
    return claims.filter((_, index) => lost.has(index));
  }

  /** Rejects with `NotInTransactionError` unless the manager's transaction is open: the mark must be part of the effect. */
  async markDone(manager: EntityManager, { entry, token }: ClaimRef): Promise<boolean> {
    if (manager.dataSource !== this.dataSource) {
      throw new NotInTransactionError('this manager belongs to another DataSource');
    }
    if (!manager.queryRunner?.isTransactionActive) {
      throw new NotInTransactionError('this manager has none');
    }
    const [, affected] = await manager.query<[unknown[], number]>(
      `UPDATE ${this.tables.inbox}
       SET state = 'done', open = false, ready = false, claimed_by = NULL, finished_at = ${NOW_MS} WHERE ${HELD}`,
      [entry.producer, entry.id, token],
    );
    return affected > 0;
  }

  async settleFailure({ entry, token }: ClaimRef, attempt: FailedAttempt): Promise<boolean> {
    const { set, values } = endOf(attempt);
    const { rowCount } = await this.session.query(
      `UPDATE ${this.tables.inbox} SET ${set}, claimed_by = NULL WHERE ${HELD}`,
      [entry.producer, entry.id, token, ...values],
    );
    return rowCount === 1;
  }

  async dueInMs(producer: string): Promise<number | null> {
    const { rows } = await this.session.query(
      `SELECT greatest(c.due_at - ${NOW_MS}, 0) AS ms FROM ${this.tables.inbox} c
       WHERE c.producer = $1 AND c.ready AND ${this.laneIsFree} ORDER BY c.due_at LIMIT 1`,
      [producer],
    );
    const [next] = rows as { ms: string }[];
    return next ? Number(next.ms) : null;
  }

  /**
   * Two claims at the same time pass over each other's rows; a row that changed between the snapshot and the lock is compared again as it
   * is now, and a claim has put its due time off. One statement, without a transaction around it if there is nothing to promote.
   */
  private async take(
    client: Pick<PostgresClient, 'query'>,
    { producer, owner, limit, leaseMs }: ClaimRequest,
  ): Promise<Claim[]> {
    const { inbox } = this.tables;
    const { rows } = await client.query(
      `WITH due AS MATERIALIZED (
         SELECT c.ordinal AS due_ordinal FROM ${inbox} c
         WHERE c.producer = $1 AND c.ready AND c.due_at <= ${NOW_MS} AND ${this.laneIsFree}
         ORDER BY c.due_at, c.ordinal LIMIT $2 FOR UPDATE OF c SKIP LOCKED
       )
       UPDATE ${inbox} SET due_at = ${NOW_MS} + $3::bigint, token = token + 1, attempts = attempts + 1, claimed_by = $4
       FROM due WHERE ordinal = due_ordinal
       RETURNING ${ENTRY_COLUMNS}`,
      [producer, Math.max(0, limit), Math.round(leaseMs), owner],
    );
    return claimsOf(rows as InboxRow[]);
  }

  /**
   * `ready` says where to look, this decides: one look into an index for each event that is claimed. It keeps a lane's events apart also
   * where `ready` lags behind: an event that a person brought back while a later one was ready, or is being handled.
   *
   * Written for the planner: an EXISTS may become one pass over all that is open; of `IS NULL` it expects that hardly any row passes, and
   * would then look at all that is ready before it sorts. Of this it expects every second row, and reads the index from its start.
   */
  private get laneIsFree(): string {
    const { inbox } = this.tables;
    return `(c.lane IS NULL OR coalesce(
      (SELECT false FROM ${inbox} e WHERE e.producer = c.producer AND e.lane = c.lane AND e.open AND e.ordinal < c.ordinal LIMIT 1),
      (SELECT false FROM ${inbox} h WHERE h.producer = c.producer AND h.lane = c.lane AND h.claimed_by IS NOT NULL
        AND h.due_at > ${NOW_MS} AND h.ordinal <> c.ordinal LIMIT 1),
      true))`;
  }
}

function endOf(attempt: FailedAttempt): { set: string; values: unknown[] } {
  switch (attempt.outcome) {
    case 'retry':
      return {
        set: `state = 'failed', last_error = $4, due_at = ${NOW_MS} + $5::bigint`,
        values: [storableError(attempt.error), Math.round(attempt.inMs)],
      };
    case 'parked':
      return {
        set: `state = 'parked', last_error = $4, open = $5, ready = false`,
        values: [storableError(attempt.error), attempt.holds],
      };
    case 'returned':
      // Due since it was fetched, so that it keeps its place before later events.
      return { set: `attempts = attempts - 1, due_at = least(fetched_at, ${NOW_MS})`, values: [] };
  }
}
