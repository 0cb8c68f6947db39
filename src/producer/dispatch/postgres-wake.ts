import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import { jsonRows } from '../../database/json-rows.js';
import { patternsMatching } from '../../protocol/event-type.js';
import type { Position } from '../log/event-store.js';
import { lockedInOrder } from './postgres-locks.js';

interface Group {
  partition: number;
  tenant: string;
  type: string;
  position: Position;
  n: number;
}

/** Names waking among advisory locks: `wake` in ASCII. */
const LOCK = 0x77616b65;
/** The parameters before are the patterns. */
const FIRST_MARK = 4;

/**
 * Wakes the endpoints that match events not looked at yet. Any node may do it, and doing it twice does no harm; that one at a time does it
 * only spares the others the work. Who finds another one at it need not wait: whatever that one has not seen was notified to it as well.
 */
export class PostgresWake {
  constructor(
    private readonly engine: PostgresEngine,
    private readonly clock: DatabaseClock,
  ) {}

  async run(limit: number): Promise<{ looked: number; more: boolean }> {
    const groups = await this.unmatched(limit);
    if (groups.length === 0) return { looked: 0, more: false };
    const looked = new Map<number, { count: number; through: Position }>();
    for (const { partition, position, n } of groups) {
      const { count, through } = looked.get(partition) ?? { count: 0, through: 0 };
      looked.set(partition, { count: count + n, through: Math.max(through, position) });
    }
    if (!(await this.raise(groups, looked))) return { looked: 0, more: false };
    const counts = [...looked.values()].map(({ count }) => count);
    return { looked: counts.reduce((sum, count) => sum + count, 0), more: counts.some((count) => count === limit) };
  }

  /** Newest position of each tenant and type among the events not yet looked at. */
  private unmatched(limit: number): Promise<Group[]> {
    const [head, log, matched] = ['log_head', 'log', 'log_matched'].map((name) => this.engine.table(name));
    return this.engine.rowsAgain<Group>(
      `SELECT h.partition, g.tenant, g.type, g.position, g.n FROM ${head} h CROSS JOIN LATERAL (
         SELECT w.tenant, w.type, max(w.position) AS position, count(*) AS n FROM (
           SELECT l.tenant, l.type, l.position FROM ${log} l
           WHERE l.partition = h.partition
             AND l.position > greatest(h.pruned_through, (SELECT max(m.through) FROM ${matched} m WHERE m.partition = h.partition))
           ORDER BY l.position LIMIT $1
         ) AS w GROUP BY w.tenant, w.type
       ) AS g`,
      [limit],
    );
  }

  /** Rows and mark in one statement: a crash in between would leave an endpoint asleep with events waiting. */
  private async raise(groups: readonly Group[], looked: ReadonlyMap<number, { through: Position }>): Promise<boolean> {
    const position = this.engine.table('endpoint_position');
    const filter = this.engine.table('endpoint_filter');
    const matched = this.engine.table('log_matched');
    const woken = groups.flatMap(({ tenant, type, position: newest }) =>
      patternsMatching(type).map((pattern) => ({ tenant, pattern, newest })),
    );
    const marks = jsonRows(
      ['smallint', 'bigint'],
      [...looked].map(([partition, { through }]) => [partition, through]),
      FIRST_MARK,
    );
    // Patterns come as arrays: a burst of many tenants and types has more of them than a statement takes parameters.
    const [row] = await this.engine.rowsAgain<{ mine: boolean }>(
      `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${this.engine.lock(LOCK)}) AS mine),
       woken AS (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS w (tenant, pattern, position)),
       v AS MATERIALIZED (
         SELECT f.endpoint_id, max(w.position) AS position FROM turn t
         CROSS JOIN woken w JOIN ${filter} f ON f.tenant = w.tenant AND f.pattern = w.pattern
         WHERE t.mine GROUP BY f.endpoint_id
       ), ${lockedInOrder(position)}, raised AS (
         UPDATE ${position} p SET head = CASE WHEN p.head = v.position THEN v.position + 1 ELSE v.position END,
           due_at = CASE WHEN p.lease_owner IS NOT NULL OR p.attempt > 0 THEN p.due_at
                         ELSE least(p.due_at, greatest(${this.clock.sql}, p.not_before)) END
         FROM locked v
         -- A row that looks one further than the log went has the head that this event got, and whoever leased it may have looked before.
         WHERE p.endpoint_id = v.endpoint_id AND p.active = 1
           AND (p.head < v.position OR (p.head = v.position AND p.lease_owner IS NOT NULL))
       ), marked AS (
         INSERT INTO ${matched} (partition, through)
         SELECT m.partition, m.through FROM turn t CROSS JOIN (${marks.sql}) AS m (partition, through) WHERE t.mine
         ON CONFLICT DO NOTHING
       )
       SELECT mine FROM turn`,
      [
        woken.map(({ tenant }) => tenant),
        woken.map(({ pattern }) => pattern),
        woken.map(({ newest }) => newest),
        marks.value,
      ],
    );
    return row?.mine ?? false;
  }
}
