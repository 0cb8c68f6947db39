import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { EventId } from '../../protocol/ids.js';
import type { EventMetadata, LogBounds, MetadataQuery, Page, Position } from './event-store.js';
import type { PostgresLogReader } from './postgres-log-reader.js';
import { METADATA_COLUMNS, metadataOf, type PostgresEventRow } from './postgres-rows.js';

/** Entries that one read looks at, at most. */
const SCAN_LIMIT = 10_000;

/** Reads the log for the operator: everything but the payloads. */
export class PostgresMetadata {
  private readonly event: string;
  private readonly log: string;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly reader: PostgresLogReader,
  ) {
    this.event = engine.table('event');
    this.log = engine.table('log');
  }

  async one(id: EventId): Promise<EventMetadata | undefined> {
    const [row] = await this.engine.rowsAgain<PostgresEventRow>(
      `SELECT ${METADATA_COLUMNS} FROM ${this.event} e JOIN ${this.log} l ON l.ordinal = e.ordinal WHERE e.id = $1`,
      [id],
    );
    return row && metadataOf(row);
  }

  async list(query: MetadataQuery): Promise<Page<EventMetadata>> {
    const own = query.tenant === undefined ? undefined : await this.reader.bounds(query.tenant);
    const all = own ? [own] : await this.reader.allBounds();
    const from = all.findIndex(({ partition }) => partition >= query.after.partition);
    const [bounds, next] = [all[from], all[from + 1]];
    if (!bounds) {
      const { partition, position } = query.after;
      return { partition, events: [], through: position, more: false };
    }
    const after = bounds.partition === query.after.partition ? query.after.position : 0;
    const page = await this.listPartition(query, bounds, after);
    if (page.more || !next) return page;
    // This one is read to its end; the next page begins with the next one.
    return { ...page, partition: next.partition, through: 0, more: true };
  }

  private async listPartition(
    { tenant, type, subject, limit }: MetadataQuery,
    { partition, head }: LogBounds,
    after: Position,
  ): Promise<Page<EventMetadata>> {
    const values: unknown[] = [partition, after];
    const filters = Object.entries({ 'l.tenant': tenant, 'l.type': type, 'e.subject': subject })
      .filter(([, value]) => value !== undefined)
      .map(([column, value]) => ` AND ${column} = $${values.push(value)}`);
    // Any mix of filters may match rarely, so the scan is bounded and the page says how far it looked.
    const end = filters.length === 0 ? head : await this.scanEnd(partition, tenant, after, head);
    // Each entry's event is looked up: joined freely, a rare subject may be searched for in all events.
    const rows = await this.engine.rowsAgain<PostgresEventRow>(
      `SELECT ${METADATA_COLUMNS} FROM ${this.log} l
       CROSS JOIN LATERAL (SELECT * FROM ${this.event} WHERE ordinal = l.ordinal OFFSET 0) AS e
       WHERE l.partition = $1 AND l.position > $2${filters.join('')} AND l.position <= $${values.push(end)}
       ORDER BY l.position LIMIT $${values.push(limit + 1)}`,
      values,
    );
    const more = rows.length > limit;
    const events = rows.slice(0, limit).map(metadataOf);
    const through = more ? (events.at(-1)?.position ?? end) : Math.max(end, after);
    return { partition, events, through, more: more || end < head };
  }

  private async scanEnd(
    partition: number,
    tenant: string | undefined,
    after: Position,
    head: Position,
  ): Promise<Position> {
    const values: unknown[] = [partition, after];
    const own = tenant === undefined ? '' : ` AND tenant = $${values.push(tenant)}`;
    const [row] = await this.engine.rowsAgain<{ position: Position }>(
      `SELECT position FROM ${this.log} WHERE partition = $1 AND position > $2${own}
       ORDER BY position LIMIT 1 OFFSET ${SCAN_LIMIT}`,
      values,
    );
    return row?.position ?? head;
  }
}
