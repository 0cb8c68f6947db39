import type { InboxTables } from './inbox-tables.js';
import type { PostgresClient, PostgresSession } from '../../database/postgres-session.js';

/** A statement of the sweep looks at no more lanes, so that it holds few rows for a short time. */
const LANES_PER_STATEMENT = 1_000;

/** Which events are the first open ones of their lanes. */
export class PostgresInboxLanes {
  constructor(
    private readonly session: PostgresSession,
    private readonly tables: InboxTables,
  ) {}

  /**
   * Makes the first open event of each lane ready; returns how many were not. A statement of its own, after the commit that finished or
   * stored something, so that its snapshot has both the finished and the new event.
   *
   * Rows are locked in the order of their ordinals, so that two nodes with the same lanes wait for each other and do not deadlock; who
   * waited compares the row as it is then, and leaves an event that was made ready, handled or parked meanwhile alone.
   */
  async promote(client: Pick<PostgresClient, 'query'>, producer: string, lanes: readonly string[]): Promise<number> {
    if (lanes.length === 0) return 0;
    const { inbox } = this.tables;
    const { rowCount } = await client.query(
      `WITH first AS MATERIALIZED (
         SELECT f.ordinal FROM unnest($2::text[]) AS l (lane) CROSS JOIN LATERAL (
           SELECT ordinal FROM ${inbox} WHERE producer = $1 AND lane = l.lane AND open ORDER BY ordinal LIMIT 1) f
       ), locked AS MATERIALIZED (
         SELECT ordinal FROM ${inbox}
         WHERE ordinal = ANY (ARRAY(SELECT ordinal FROM first)) AND NOT ready AND open AND state IN ('waiting', 'failed')
         ORDER BY ordinal FOR UPDATE
       )
       UPDATE ${inbox} i SET ready = true FROM locked WHERE i.ordinal = locked.ordinal`,
      [producer, lanes],
    );
    return rowCount ?? 0;
  }

  /**
   * An event behind which a lane goes on is open again: what was ready after it is not any more. The next open event is written whether it
   * was ready or not, for the lock: a claim that is about to take it, and does not see the event before it yet, is waited for. Otherwise a
   * claim after this commit could take the one while the other is being taken, and neither would see it.
   */
  async demoteAfter(client: PostgresClient, producer: string, lane: string, ordinal: string): Promise<void> {
    const { inbox } = this.tables;
    await client.query(
      `UPDATE ${inbox} SET ready = false WHERE open AND ordinal = (SELECT ordinal FROM ${inbox}
         WHERE producer = $1 AND lane = $2 AND open AND ordinal > $3 ORDER BY ordinal LIMIT 1)`,
      [producer, lane, ordinal],
    );
  }

  async sweep(producer: string): Promise<number> {
    let promoted = 0;
    for (let last: string | undefined, count = LANES_PER_STATEMENT; count === LANES_PER_STATEMENT;) {
      const lanes = await this.lanesFrom(producer, last);
      promoted += await this.promote(this.session, producer, lanes);
      last = lanes.at(-1);
      count = lanes.length;
    }
    return promoted;
  }

  /** From lane to lane through the index: the cost is that of the lanes, not of what waits in them. */
  private async lanesFrom(producer: string, after: string | undefined): Promise<string[]> {
    const next = (bound: string) =>
      `SELECT lane FROM ${this.tables.inbox} i WHERE i.producer = $1 AND i.open AND i.lane ${bound} ORDER BY i.lane LIMIT 1`;
    // The empty text is a lane as well, and the least of all.
    const { rows } = await this.session.query(
      `WITH RECURSIVE lanes AS (
         (${next(after === undefined ? '>= $2' : '> $2')})
         UNION ALL
         SELECT n.lane FROM lanes CROSS JOIN LATERAL (${next('> lanes.lane')}) n
       )
       SELECT lane FROM lanes LIMIT $3`,
      [producer, after ?? '', LANES_PER_STATEMENT],
    );
    return (rows as { lane: string }[]).map((row) => row.lane);
  }
}
