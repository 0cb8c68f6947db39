import type { FetchedEvent, FetchedPage, PageStored } from './inbox-store.js';
import type { InboxTables } from './inbox-tables.js';
import type { PostgresClient, PostgresSession } from '../../database/postgres-session.js';
import { NOW_MS } from '../../database/postgres-time.js';

/** PostgreSQL takes 65,535 parameters in a statement; these events bind 10 each, and one is the producer. */
const EVENTS_PER_INSERT = 1_000;

const COLUMNS = [
  'event_id text',
  'type text',
  'tenant text',
  'subject text',
  'occurred_at bigint',
  'recorded_at bigint',
  'cursor text',
  'redacted text',
  'lane text',
  'data text',
].map((column) => column.split(' ') as [name: string, type: string]);
const NAMES = COLUMNS.map(([name]) => name).join(', ');

/** The place in the feed, and what is stored with it. */
export class PostgresInboxPages {
  constructor(
    private readonly session: PostgresSession,
    private readonly tables: InboxTables,
  ) {}

  async cursor(producer: string): Promise<string | null> {
    const { cursor } = this.tables;
    await this.session.query(`INSERT INTO ${cursor} (producer) VALUES ($1) ON CONFLICT (producer) DO NOTHING`, [
      producer,
    ]);
    const { rows } = await this.session.query(`SELECT cursor FROM ${cursor} WHERE producer = $1`, [producer]);
    return (rows as { cursor: string | null }[])[0]?.cursor ?? null;
  }

  /** Of two nodes that ask at the same time, the second waits for the first one's row and then compares with what that one wrote. */
  async acquireDrain(producer: string, owner: string, leaseMs: number): Promise<boolean> {
    const { rowCount } = await this.session.query(
      `INSERT INTO ${this.tables.cursor} AS c (producer, drain_owner, drain_until) VALUES ($1, $2, ${NOW_MS} + $3::bigint)
       ON CONFLICT (producer) DO UPDATE SET drain_owner = excluded.drain_owner, drain_until = excluded.drain_until
       WHERE c.drain_owner IS NULL OR c.drain_owner = excluded.drain_owner OR c.drain_until <= ${NOW_MS}`,
      [producer, owner, Math.round(leaseMs)],
    );
    return rowCount === 1;
  }

  async releaseDrain(producer: string, owner: string): Promise<void> {
    await this.session.query(
      `UPDATE ${this.tables.cursor} SET drain_owner = NULL, drain_until = NULL WHERE producer = $1 AND drain_owner = $2`,
      [producer, owner],
    );
  }

  store(producer: string, { after, cursor, events }: FetchedPage): Promise<PageStored> {
    return this.session.transaction(async (client) => {
      // First, and to the end of the transaction: pages of one producer are stored one after the other, so that ordinals grow with
      // the log, and what the statement below sees of its events and lanes is all there is.
      const moved = await client.query(
        `UPDATE ${this.tables.cursor} SET cursor = $2 WHERE producer = $1 AND cursor IS NOT DISTINCT FROM $3::text`,
        [producer, cursor, after],
      );
      if (moved.rowCount === 0) return { outcome: 'moved' };
      // The first of two wins, as on SQLite; ON CONFLICT alone would count on it only after `ready` was decided.
      const seen = new Set<string>();
      const distinct = events.filter(({ id }) => !seen.has(id) && seen.add(id));
      let fresh = 0;
      for (let from = 0; from < distinct.length; from += EVENTS_PER_INSERT) {
        fresh += await this.add(client, producer, distinct.slice(from, from + EVENTS_PER_INSERT));
      }
      return { outcome: 'stored', fresh, repeated: events.length - fresh };
    });
  }

  /**
   * An event is ready if it is the page's first fresh one of a lane in which nothing is open. A handler that finishes the lane's open
   * event at this moment is not seen, and does not see this page: the claims that name the lane after either commit look again.
   *
   * The two looks into the table are scalar subqueries on purpose. An EXISTS may be planned as one pass over all of the producer's
   * rows, done ones of months included.
   */
  private async add(client: PostgresClient, producer: string, events: readonly FetchedEvent[]): Promise<number> {
    const { inbox } = this.tables;
    const values: unknown[] = [producer];
    const rows = events.map((event, n) => {
      const places = valuesOf(event).map(
        (value, at) => `$${values.push(value)}${n === 0 ? `::${COLUMNS[at]?.[1]}` : ''}`,
      );
      return `(${n}, ${places.join(', ')})`;
    });
    const { rowCount } = await client.query(
      `INSERT INTO ${inbox} (producer, ${NAMES}, open, ready, due_at, fetched_at)
       SELECT $1, ${NAMES}, true,
         lane IS NULL OR (row_number() OVER (PARTITION BY lane ORDER BY n) = 1
           AND (SELECT 1 FROM ${inbox} o WHERE o.producer = $1 AND o.lane = page.lane AND o.open LIMIT 1) IS NULL),
         ${NOW_MS}, ${NOW_MS}
       FROM (VALUES ${rows.join(', ')}) AS page (n, ${NAMES})
       WHERE (SELECT 1 FROM ${inbox} r WHERE r.producer = $1 AND r.event_id = page.event_id LIMIT 1) IS NULL
       ORDER BY n
       ON CONFLICT (producer, event_id) DO NOTHING`,
      values,
    );
    return rowCount ?? 0;
  }
}

function valuesOf(event: FetchedEvent): unknown[] {
  const { id, type, tenant, subject, occurredAt, recordedAt, cursor, redacted, lane, data } = event;
  return [id, type, tenant, subject, occurredAt, recordedAt, cursor, redacted && JSON.stringify(redacted), lane, data];
}
