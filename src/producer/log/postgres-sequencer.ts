import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { Position } from './event-store.js';

/** Events that one step gives positions to, at most: some 100 ms of the lock. */
const BATCH = 5_000;
/** How often the whole outbox is looked at, in ms, whatever is known of it. */
const WHOLE_EVERY_MS = 10_000;
/** Names the sequencing of the first partition among advisory locks: `seq` in ASCII. The others come after it. */
const LOCK = 0x736571;

/** Of the time, a whole look takes one part in so many at most: dead entries under an old snapshot make it long. */
const WHOLE_SHARE = 50;

/** What a snapshot says of transactions: those from `xmax` on had not begun, those of `running` had not ended. */
interface Horizon {
  xmax: string;
  running: readonly string[];
}

/** What one step did. */
export interface Sequenced {
  count: number;
  /** Committed events are left. */
  more: boolean;
  /** The newest position. */
  head: Position;
}

/**
 * Gives committed events their positions, in commit order: the step that makes a log out of a table.
 *
 * Any node may do it, one at a time: the lock is taken in a statement before, so the statement that counts sees everything that its
 * predecessor wrote. What it sees is committed, so it never waits for an open transaction; that one's events get later positions when they
 * are there. Within a step, ordinals decide: of two events of which one knew of the other, it has the greater ordinal.
 *
 * Everything is one round trip, so the lock is held by the server alone and only for as long as the work takes.
 */
export class PostgresSequencer {
  private horizon: Horizon | undefined;
  private wholeFrom = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly partition: number,
    private readonly channel: string,
    private readonly clock: DatabaseClock,
    private readonly batch = BATCH,
  ) {}

  async step(): Promise<Sequenced> {
    const now = performance.now();
    const whole = this.horizon === undefined || now >= this.wholeFrom;
    try {
      const results = await this.engine.script([
        `SELECT pg_advisory_xact_lock(${this.engine.lock(LOCK + this.partition)})`,
        // Readers go on from positions, so none may be lost in a crash that keeps later commits; whether events may is the server's setting.
        `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`,
        // The outbox is empty as a rule, and the planner believes that it still is while its dead entries are kept: then a scan of the
        // table reads them all.
        'SET LOCAL enable_seqscan = off',
        this.statement(whole ? undefined : this.horizon),
      ]);
      const [row] = (results.at(-1)?.rows ?? []) as {
        taken: number;
        count: number;
        head: Position;
        xmax: string;
        running: string[];
        now: number;
      }[];
      const count = row?.count ?? 0;
      const more = row?.taken === this.batch;
      // At the end of a script that waited for its turn, so rather late than early.
      if (row) this.clock.told(row.now, performance.now());
      if (row && !more) {
        this.horizon = { xmax: row.xmax, running: row.running };
        if (whole) this.wholeFrom = now + Math.max(WHOLE_EVERY_MS, WHOLE_SHARE * (performance.now() - now));
      }
      return { count, more, head: row?.head ?? 0 };
    } catch (error) {
      // The next connection may lead to another server, whose transactions are counted otherwise.
      this.horizon = undefined;
      throw error;
    }
  }

  /**
   * `horizon`: everything that its snapshot saw is sequenced. So what is left is of transactions that began later, or had not ended; the
   * index finds those without walking over the entries of the others, which stay in it for as long as anybody holds an old snapshot.
   */
  private statement(horizon: Horizon | undefined): string {
    const [outbox, event, log, head] = ['outbox', 'event', 'log', 'log_head'].map((name) => this.engine.table(name));
    const mine = `SELECT ctid AS place, ordinal FROM ${outbox} WHERE partition = ${this.partition}`;
    const waiting = horizon
      ? `${mine} AND xid >= '${horizon.xmax}' UNION ALL ${mine} AND xid = ANY ('{${horizon.running.join(',')}}'::xid8[])`
      : mine;
    return `WITH waiting AS MATERIALIZED (
        SELECT place, ordinal FROM (${waiting}) AS w ORDER BY ordinal LIMIT ${this.batch}
      ), taken AS (
        -- By place, which only this lock's holder changes: a join would compare all with all, since the planner believes in an empty table.
        DELETE FROM ${outbox} WHERE ctid = ANY (ARRAY(SELECT place FROM waiting)) RETURNING ordinal
      ), newest AS MATERIALIZED (
        SELECT greatest((SELECT max(position) FROM ${log} WHERE partition = ${this.partition}),
          (SELECT pruned_through FROM ${head} WHERE partition = ${this.partition}), 0) AS position
      ), placed AS (
        INSERT INTO ${log} (partition, position, ordinal, id, tenant, type)
        SELECT ${this.partition}, newest.position + row_number() OVER (ORDER BY e.ordinal), e.ordinal, e.id, e.tenant, e.type
        FROM newest CROSS JOIN taken t JOIN ${event} e ON e.ordinal = t.ordinal
        RETURNING 1
      )
      SELECT (SELECT count(*)::int FROM taken) AS taken, n.count, (SELECT position FROM newest) + n.count AS head, CASE WHEN n.count > 0 THEN pg_notify('${this.channel}', '') END,
        pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
        ARRAY(SELECT pg_snapshot_xip(pg_current_snapshot())::text) AS running, ${this.clock.sql} AS now
      FROM (SELECT count(*)::int AS count FROM placed) AS n`;
  }
}
