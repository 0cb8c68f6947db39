import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { Position, Pruned } from './event-store.js';
import type { PostgresTenants } from './postgres-tenants.js';

/**
 * Retention. Each statement is right by itself and can be done twice, so nodes may do it at the same time and none needs a lock: what goes is
 * decided from positions, and the mark only grows.
 */
export class PostgresPrune {
  constructor(
    private readonly engine: PostgresEngine,
    private readonly tenants: PostgresTenants,
  ) {}

  async batch(expireBefore: number, forgetBefore: number, limit: number): Promise<Pruned> {
    const total: Pruned = { expired: 0, forgotten: 0, more: false };
    for (const partition of await this.tenants.all()) {
      const expired = await this.expire(partition, expireBefore, limit);
      const forgotten = await this.forget(partition, forgetBefore, limit);
      await this.forgetMatched(partition);
      total.expired += expired;
      total.forgotten += forgotten;
      total.more ||= expired === limit || forgotten === limit;
    }
    return total;
  }

  /** Payloads go and the mark moves, in one statement: a crash leaves neither a gap nor a payload behind the mark. */
  private async expire(partition: number, before: number, limit: number): Promise<number> {
    const [head, log, event, receipt, receiver, tenant] = [
      'log_head',
      'log',
      'event',
      'receipt',
      'receiver',
      'tenant',
    ].map((name) => this.engine.table(name));
    const [row] = await this.engine.rowsAgain<{ count: number }>(
      `WITH next AS MATERIALIZED (
         SELECT l.position, l.ordinal, e.recorded_at FROM ${log} l JOIN ${event} e ON e.ordinal = l.ordinal
         WHERE l.partition = $1 AND l.position > (SELECT pruned_through FROM ${head} WHERE partition = $1)
         ORDER BY l.position LIMIT $3
       ), old AS MATERIALIZED (
         -- The leading ones that are older: only from the old end and in order, so that the oldest position stays one number.
         SELECT position, ordinal FROM next
         WHERE position < coalesce((SELECT min(position) FROM next WHERE recorded_at >= $2), 9223372036854775807)
       ), emptied AS (
         UPDATE ${event} e SET data = NULL, idempotency_key = NULL FROM old WHERE e.ordinal = old.ordinal
       ), moved AS (
         UPDATE ${head} SET pruned_through = greatest(pruned_through, (SELECT max(position) FROM old))
         WHERE partition = $1 AND EXISTS (SELECT 1 FROM old)
       ), dropped AS (
         DELETE FROM ${receipt} c USING ${receiver} r, ${tenant} t
         WHERE c.receiver_id = r.id AND t.tenant = r.tenant AND t.partition = $1
           AND c.position <= (SELECT max(position) FROM old)
       )
       SELECT count(*) AS count FROM old`,
      [partition, before, limit],
    );
    return row?.count ?? 0;
  }

  private async forget(partition: number, before: number, limit: number): Promise<number> {
    const [head, log, event] = ['log_head', 'log', 'event'].map((name) => this.engine.table(name));
    const [row] = await this.engine.rowsAgain<{ count: number }>(
      `WITH oldest AS MATERIALIZED (
         SELECT l.position, l.ordinal, e.recorded_at FROM ${log} l JOIN ${event} e ON e.ordinal = l.ordinal
         WHERE l.partition = $1 AND l.position <= (SELECT pruned_through FROM ${head} WHERE partition = $1)
         ORDER BY l.position LIMIT $3
       ), old AS MATERIALIZED (
         SELECT position, ordinal FROM oldest
         WHERE position < coalesce((SELECT min(position) FROM oldest WHERE recorded_at >= $2), 9223372036854775807)
       ), gone AS (
         DELETE FROM ${event} e USING old WHERE e.ordinal = old.ordinal
       ), unlisted AS (
         DELETE FROM ${log} l USING old WHERE l.partition = $1 AND l.position = old.position
       )
       SELECT count(*) AS count FROM old`,
      [partition, before, limit],
    );
    return row?.count ?? 0;
  }

  /** All marks but the newest of what waking has looked at: it is appended to, so that nobody walks over dead versions of one row. */
  private async forgetMatched(partition: Position): Promise<void> {
    const matched = this.engine.table('log_matched');
    await this.engine.rowsAgain(
      `DELETE FROM ${matched} WHERE partition = $1 AND through < (SELECT max(through) FROM ${matched} WHERE partition = $1)`,
      [partition],
    );
  }
}
