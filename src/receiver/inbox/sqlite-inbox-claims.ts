import type { EntityManager } from 'typeorm';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { claimsOf, ENTRY_COLUMNS, type InboxRow, storableError } from './inbox-row.js';
import type { Claim, ClaimRef, ClaimRequest, FailedAttempt } from './inbox-store.js';
import type { SqliteInboxLanes } from './sqlite-inbox-lanes.js';

// `ready` says where to look, this decides: one look into an index for each event that is claimed. It keeps a lane's events apart also
// where `ready` lags behind: an event that a person brought back while a later one was ready, or is being handled.
const LANE_IS_FREE = `(c.lane IS NULL OR (
    NOT EXISTS (SELECT 1 FROM signpost_inbox e INDEXED BY signpost_inbox_lane
      WHERE e.producer = c.producer AND e.lane = c.lane AND e.open = 1 AND e.ordinal < c.ordinal)
    AND NOT EXISTS (SELECT 1 FROM signpost_inbox h INDEXED BY signpost_inbox_held
      WHERE h.producer = c.producer AND h.lane = c.lane AND h.claimed_by IS NOT NULL AND h.due_at > @now AND h.ordinal <> c.ordinal)))`;

const CLAIM = `UPDATE signpost_inbox SET due_at = @until, token = token + 1, attempts = attempts + 1, claimed_by = @owner
  WHERE ordinal IN (SELECT c.ordinal FROM signpost_inbox c INDEXED BY signpost_inbox_ready
    WHERE c.producer = @producer AND c.ready = 1 AND c.due_at <= @now AND ${LANE_IS_FREE}
    ORDER BY c.due_at, c.ordinal LIMIT @limit)
  RETURNING ${ENTRY_COLUMNS}`;

const NEXT_DUE = `SELECT c.due_at FROM signpost_inbox c INDEXED BY signpost_inbox_ready
  WHERE c.producer = @producer AND c.ready = 1 AND ${LANE_IS_FREE} ORDER BY c.due_at LIMIT 1`;

// The fence of every write after the claim: the token is the last one, and nobody has ended this claim.
const HELD = `producer = @producer AND event_id = @id AND token = @token AND claimed_by IS NOT NULL AND state IN ('waiting', 'failed')`;

const RENEW = `UPDATE signpost_inbox SET due_at = @until WHERE ${HELD}`;
// Whoever takes an event from a worker raises its token; what the worker itself ended in the meantime is not lost.
const IS_OWN = 'SELECT 1 FROM signpost_inbox WHERE producer = @producer AND event_id = @id AND token = @token';

const DONE = `UPDATE signpost_inbox
  SET state = 'done', open = 0, ready = 0, claimed_by = NULL, finished_at = @now WHERE ${HELD}`;
const FAILED = `UPDATE signpost_inbox
  SET state = 'failed', last_error = @error, due_at = @dueAt, claimed_by = NULL WHERE ${HELD}`;
const PARKED = `UPDATE signpost_inbox
  SET state = 'parked', last_error = @error, open = @holds, ready = 0, claimed_by = NULL WHERE ${HELD}`;
// Due since it was fetched, so that it keeps its place before later events.
const RETURNED = `UPDATE signpost_inbox
  SET attempts = attempts - 1, due_at = min(fetched_at, @now), claimed_by = NULL WHERE ${HELD}`;

const RELEASE_CLAIMS = `UPDATE signpost_inbox INDEXED BY signpost_inbox_held
  SET claimed_by = NULL, token = token + 1, due_at = min(fetched_at, @now) WHERE producer = @producer AND claimed_by IS NOT NULL`;
const RELEASE_DRAIN =
  'UPDATE signpost_inbox_cursor SET drain_owner = NULL, drain_until = NULL WHERE producer = @producer';

/**
 * A power failure that takes a claim back has ended its worker as well, and nothing of it is left: the mark that it made is a later commit,
 * which takes the claim along.
 */
const CLAIMS = { durable: false };

/** Claims and how they end. */
export class SqliteInboxClaims {
  constructor(
    private readonly turns: SqliteTurns,
    private readonly lanes: SqliteInboxLanes,
    private readonly now: () => number,
  ) {}

  claim({ producer, owner, limit, leaseMs, released }: ClaimRequest): Promise<Claim[]> {
    const take = (): Claim[] => {
      this.lanes.promote(producer, released);
      const now = this.now();
      const until = Math.round(now + leaseMs);
      // SQLite takes a negative limit for none.
      const bound = { producer, owner, now, until, limit: Math.max(0, limit) };
      return claimsOf(this.turns.prepare(CLAIM).all(bound) as InboxRow[]);
    };
    return this.turns.step('inbox claim', take, CLAIMS);
  }

  renew(claims: readonly ClaimRef[], leaseMs: number): Promise<ClaimRef[]> {
    const renew = (): ClaimRef[] => {
      const until = Math.round(this.now() + leaseMs);
      return claims.filter((claim) => {
        const ref = refOf(claim);
        this.turns.prepare(RENEW).run({ ...ref, until });
        return this.turns.prepare(IS_OWN).get(ref) === undefined;
      });
    };
    return this.turns.step('inbox renewal', renew, CLAIMS);
  }

  /** Rejects with `NotInTransactionError` unless the manager's transaction is open: the mark must be part of the effect. */
  async markDone(manager: EntityManager, claim: ClaimRef): Promise<boolean> {
    this.turns.connectionOf(manager);
    return this.turns.prepare(DONE).run({ ...refOf(claim), now: this.now() }).changes > 0;
  }

  settleFailure(claim: ClaimRef, attempt: FailedAttempt): Promise<boolean> {
    return this.turns.step('inbox settlement', () => {
      const ref = refOf(claim);
      const now = this.now();
      switch (attempt.outcome) {
        case 'retry': {
          const end = { error: storableError(attempt.error), dueAt: Math.round(now + attempt.inMs) };
          return this.turns.prepare(FAILED).run({ ...ref, ...end }).changes > 0;
        }
        case 'parked': {
          const end = { error: storableError(attempt.error), holds: attempt.holds ? 1 : 0 };
          return this.turns.prepare(PARKED).run({ ...ref, ...end }).changes > 0;
        }
        case 'returned':
          return this.turns.prepare(RETURNED).run({ ...ref, now }).changes > 0;
      }
    });
  }

  dueInMs(producer: string): Promise<number | null> {
    return this.turns.read('inbox due', () => {
      const now = this.now();
      const next = this.turns.prepare(NEXT_DUE).get({ producer, now }) as { due_at: number } | undefined;
      return next ? Math.max(0, next.due_at - now) : null;
    });
  }

  async takeOver(producer: string): Promise<void> {
    await this.turns.step('inbox takeover', () => {
      this.turns.prepare(RELEASE_CLAIMS).run({ producer, now: this.now() });
      this.turns.prepare(RELEASE_DRAIN).run({ producer });
    });
  }
}

function refOf({ entry, token }: ClaimRef): { producer: string; id: string; token: number } {
  return { producer: entry.producer, id: entry.id, token };
}
