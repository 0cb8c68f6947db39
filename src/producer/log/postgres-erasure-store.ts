import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { ErasureId } from '../../protocol/ids.js';
import type { ErasureState, ErasureStore, NewErasure } from './erasure-store.js';

/** Events that one statement erases, at most: a few milliseconds of row locks that nobody else asks for. */
const BATCH = 500;

/**
 * Erasures on PostgreSQL. By the event table and its subjects' index, so what waits for its position is erased as well. Each statement is right
 * by itself and may be done twice, so any number of nodes may work on one erasure.
 */
export class PostgresErasureStore implements ErasureStore {
  private readonly event: string;
  private readonly erasure: string;
  private readonly erasureEpoch: string;

  constructor(private readonly engine: PostgresEngine) {
    this.event = engine.table('event');
    this.erasure = engine.table('erasure');
    this.erasureEpoch = engine.table('erasure_epoch');
  }

  async accept({ id, tenant, subject, acceptedAt }: NewErasure): Promise<void> {
    // The newest event now: who publishes on while the erasure runs does not keep it from ending.
    await this.engine.rowsAgain(
      `INSERT INTO ${this.erasure} (id, tenant, subject, until_ordinal, accepted_at)
       VALUES ($1, $2, $3, coalesce((SELECT max(ordinal) FROM ${this.event}), 0), $4) ON CONFLICT (id) DO NOTHING`,
      [id, tenant, subject, acceptedAt],
    );
  }

  async eraseSome(id: ErasureId, now: number): Promise<boolean> {
    const [row] = await this.engine.rowsAgain<{ count: number }>(
      `WITH open AS MATERIALIZED (
         -- Whoever else works on it waits here, and then goes on behind what was done.
         SELECT id, tenant, subject, until_ordinal, erased_through FROM ${this.erasure}
         WHERE id = $1 AND done_at IS NULL FOR UPDATE
       ), next AS MATERIALIZED (
         SELECT e.ordinal FROM open o CROSS JOIN LATERAL (
           SELECT ordinal FROM ${this.event}
           WHERE tenant = o.tenant AND subject = o.subject AND ordinal > o.erased_through AND ordinal <= o.until_ordinal
           ORDER BY ordinal LIMIT ${BATCH}
         ) AS e
       ), erased AS (
         -- The digest is made of the payload, so whoever guesses the payload could tell. The key stays: without it a repeated publish would
         -- bring the event back.
         UPDATE ${this.event} e SET data = NULL, idempotency_digest = NULL, erased_at = $2
         FROM next WHERE e.ordinal = next.ordinal AND e.data IS NOT NULL RETURNING 1
       ), noted AS (
         UPDATE ${this.erasure} u SET events = u.events + (SELECT count(*) FROM erased),
           erased_through = CASE WHEN (SELECT count(*) FROM next) < ${BATCH} THEN u.until_ordinal
             ELSE (SELECT max(ordinal) FROM next) END
         FROM open o WHERE u.id = o.id
       ), counted AS (
         INSERT INTO ${this.erasureEpoch} AS e (one, value) SELECT 1, 1 FROM open
         ON CONFLICT (one) DO UPDATE SET value = e.value + 1
       )
       SELECT count(*)::int AS count FROM next`,
      [id, now],
    );
    return row?.count === BATCH;
  }

  /** Left to the server: vacuuming makes the room of dead rows free, and what is written there later overwrites them. */
  async overwrite(): Promise<void> {
    // Nothing that a client could do would reach the server's write-ahead log, its replicas and its backups.
  }

  async finish(id: ErasureId, now: number): Promise<void> {
    await this.engine.rowsAgain(
      `UPDATE ${this.erasure} SET done_at = $2, subject = NULL WHERE id = $1 AND done_at IS NULL`,
      [id, now],
    );
  }

  async state(id: ErasureId): Promise<ErasureState | undefined> {
    const [state] = await this.engine.rowsAgain<ErasureState>(
      `SELECT events, accepted_at AS "acceptedAt", done_at AS "doneAt" FROM ${this.erasure} WHERE id = $1`,
      [id],
    );
    return state;
  }

  async unfinished(): Promise<ErasureId[]> {
    const rows = await this.engine.rowsAgain<{ id: ErasureId }>(
      `SELECT id FROM ${this.erasure} WHERE done_at IS NULL ORDER BY ordinal LIMIT 100`,
    );
    return rows.map(({ id }) => id);
  }

  async epoch(): Promise<number> {
    const [row] = await this.engine.rowsAgain<{ value: number }>(
      `SELECT value FROM ${this.erasureEpoch} WHERE one = 1`,
    );
    return row?.value ?? 0;
  }
}
