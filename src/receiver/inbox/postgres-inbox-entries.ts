import type { EntityManager } from 'typeorm';
import type { InboxEntry, InboxState } from './inbox-entry.js';
import { countsOf, ENTRY_COLUMNS, entryOf, type InboxRow, listLimit } from './inbox-row.js';
import type { InboxFilter, Lane } from './inbox-store.js';
import type { InboxTables } from './inbox-tables.js';
import type { PostgresInboxLanes } from './postgres-inbox-lanes.js';
import type { PostgresSession } from '../../database/postgres-session.js';
import { NOW_MS } from '../../database/postgres-time.js';

// A claim whose lease has ended does not stand in a person's way; its token is raised, so that its worker writes nothing any more. A
// claim or a mark that is under way holds the row; who waits for it compares again.
const HELD_BY_NOBODY = `(claimed_by IS NULL OR due_at <= ${NOW_MS})`;

/** What people and retention do with entries. */
export class PostgresInboxEntries {
  constructor(
    private readonly session: PostgresSession,
    private readonly tables: InboxTables,
    private readonly lanes: PostgresInboxLanes,
  ) {}

  /** Through the manager, so that a handler's transaction sees what it sees. */
  async isLatest(
    manager: EntityManager,
    { producer, ordinal, subject }: Pick<InboxEntry, 'producer' | 'ordinal' | 'subject'>,
  ): Promise<boolean> {
    if (subject === null) return true;
    const later = await manager.query<unknown[]>(
      `SELECT 1 FROM ${this.tables.inbox} WHERE producer = $1 AND subject = $2 AND ordinal > $3 LIMIT 1`,
      [producer, subject, ordinal],
    );
    return later.length === 0;
  }

  async list(producer: string, { state, type, subject, after = 0, limit }: InboxFilter): Promise<InboxEntry[]> {
    const values: unknown[] = [producer, after, listLimit(limit)];
    const conditions = Object.entries({ state, type, subject })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `AND ${name} = $${values.push(value)}`);
    const { rows } = await this.session.query(
      `SELECT ${ENTRY_COLUMNS} FROM ${this.tables.inbox} WHERE producer = $1 AND ordinal > $2 ${conditions.join(' ')}
       ORDER BY ordinal LIMIT $3`,
      values,
    );
    return (rows as InboxRow[]).map(entryOf);
  }

  async get(producer: string, id: string): Promise<InboxEntry | null> {
    const { rows } = await this.session.query(
      `SELECT ${ENTRY_COLUMNS} FROM ${this.tables.inbox} WHERE producer = $1 AND event_id = $2`,
      [producer, id],
    );
    const [row] = rows as InboxRow[];
    return row ? entryOf(row) : null;
  }

  async newest(producer: string): Promise<InboxEntry | null> {
    const { rows } = await this.session.query(
      `SELECT ${ENTRY_COLUMNS} FROM ${this.tables.inbox} WHERE producer = $1 ORDER BY ordinal DESC LIMIT 1`,
      [producer],
    );
    const [row] = rows as InboxRow[];
    return row ? entryOf(row) : null;
  }

  async counts(producer: string): Promise<Record<InboxState, number>> {
    const { rows } = await this.session.query(
      `SELECT state, count(*) AS count FROM ${this.tables.inbox} WHERE producer = $1 GROUP BY state`,
      [producer],
    );
    return countsOf(rows as { state: InboxState; count: string }[]);
  }

  retry(producer: string, id: string): Promise<{ lane: Lane } | undefined> {
    return this.session.transaction(async (client) => {
      const { rows } = await client.query(
        `UPDATE ${this.tables.inbox} SET state = 'waiting', open = true, ready = ready OR lane IS NULL, attempts = 0,
           due_at = ${NOW_MS}, claimed_by = NULL, token = token + 1
         WHERE producer = $1 AND event_id = $2 AND state IN ('parked', 'failed') AND ${HELD_BY_NOBODY}
         RETURNING lane, ordinal`,
        [producer, id],
      );
      const [row] = rows as { lane: Lane; ordinal: string }[];
      if (!row) return undefined;
      if (row.lane !== null) await this.lanes.demoteAfter(client, producer, row.lane, row.ordinal);
      return { lane: row.lane };
    });
  }

  async discard(producer: string, id: string): Promise<{ lane: Lane } | undefined> {
    const { rows } = await this.session.query(
      `UPDATE ${this.tables.inbox} SET state = 'discarded', open = false, ready = false, finished_at = ${NOW_MS},
         claimed_by = NULL, token = token + 1
       WHERE producer = $1 AND event_id = $2 AND state IN ('waiting', 'failed', 'parked') AND ${HELD_BY_NOBODY}
       RETURNING lane`,
      [producer, id],
    );
    return (rows as { lane: Lane }[])[0];
  }

  /**
   * Looks at the oldest first, and further only where none of them may go: the newest of a subject stays for as long as an earlier one is
   * still to be handled, which would be the latest otherwise.
   */
  async prune(producer: string, olderThanMs: number, limit: number): Promise<number> {
    for (let look = limit; look > 0; look *= 2) {
      const { seen, removed } = await this.pruneOldest(producer, olderThanMs, limit, look);
      if (removed > 0 || seen < look) return removed;
    }
    return 0;
  }

  /** Nodes that prune at the same time take different rows. The looks for others are scalar subqueries, as everywhere here. */
  private async pruneOldest(
    producer: string,
    olderThanMs: number,
    limit: number,
    look: number,
  ): Promise<{ seen: number; removed: number }> {
    const { inbox } = this.tables;
    const { rows } = await this.session.query(
      `WITH old AS MATERIALIZED (
         SELECT ordinal, producer, subject FROM ${inbox}
         WHERE producer = $1 AND finished_at IS NOT NULL AND finished_at < ${NOW_MS} - $2::bigint
         ORDER BY finished_at LIMIT $4 FOR UPDATE SKIP LOCKED
       ), free AS MATERIALIZED (
         SELECT o.ordinal FROM old o
         WHERE o.subject IS NULL OR coalesce(
           (SELECT true FROM ${inbox} l WHERE l.producer = o.producer AND l.subject = o.subject AND l.ordinal > o.ordinal LIMIT 1),
           (SELECT false FROM ${inbox} e WHERE e.producer = o.producer AND e.subject = o.subject AND e.ordinal < o.ordinal
             AND e.finished_at IS NULL LIMIT 1),
           true)
         LIMIT $3
       ), gone AS (
         DELETE FROM ${inbox} i USING free WHERE i.ordinal = free.ordinal RETURNING 1
       )
       SELECT (SELECT count(*) FROM old) AS seen, (SELECT count(*) FROM gone) AS removed`,
      [producer, Math.round(olderThanMs), limit, look],
    );
    const [counted] = rows as { seen: string; removed: string }[];
    return { seen: Number(counted?.seen ?? 0), removed: Number(counted?.removed ?? 0) };
  }
}
