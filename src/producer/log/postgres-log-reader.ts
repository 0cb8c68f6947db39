import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { EventId } from '../../protocol/ids.js';
import type { Entitlement, LogBounds, Page, PageRequest, Position, StoredEvent } from './event-store.js';
import { METADATA_COLUMNS, storedOf, type PostgresEventRow } from './postgres-rows.js';
import type { PostgresTenants } from './postgres-tenants.js';
import { postgresTypeCondition } from './postgres-types.js';

/** Entries that one read looks at, at most: a few milliseconds of the server. */
const SCAN_LIMIT = 10_000;
/** Payload characters of one page, at most (at least one event): memory stays bounded whatever the limit and the payloads. */
const PAGE_CHARACTERS = 8 * 1024 * 1024;

/** Reads the log for receivers. */
export class PostgresLogReader {
  private readonly event: string;
  private readonly log: string;
  private readonly head: string;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly tenants: PostgresTenants,
  ) {
    this.event = engine.table('event');
    this.log = engine.table('log');
    this.head = engine.table('log_head');
  }

  async bounds(tenant?: string): Promise<LogBounds> {
    const partition = tenant === undefined ? 0 : await this.tenants.partitionOf(tenant);
    const [bounds] = await this.engine.rowsAgain<LogBounds>(`${this.boundsOf('h.partition = $1')}`, [partition]);
    if (!bounds) throw new Error(`signpost_log_head has no row for partition ${partition}`);
    return bounds;
  }

  allBounds(): Promise<LogBounds[]> {
    return this.engine.rowsAgain<LogBounds>(this.boundsOf('true'));
  }

  async page({ tenant, types, after, limit }: PageRequest): Promise<Page<StoredEvent>> {
    const { partition, head, oldest } = await this.bounds(tenant);
    const from = Math.max(after, oldest);
    const condition = postgresTypeCondition(types, 'l.type', 5);
    const end = condition.sql === '' ? head : await this.scanEnd(tenant, from, head);
    // Payloads are taken as far as they fit: the running sum is over what comes before, so the first event always fits. One row more than
    // wanted tells that there is one.
    const rows = await this.engine.rowsAgain<PostgresEventRow & { before: number | null }>(
      `SELECT p.*, CASE WHEN p.before <= ${PAGE_CHARACTERS} THEN p.payload END AS data FROM (
         SELECT ${METADATA_COLUMNS}, e.data AS payload,
           coalesce(sum(octet_length(e.data)) OVER (ORDER BY l.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before
         FROM ${this.log} l JOIN ${this.event} e ON e.ordinal = l.ordinal
         WHERE l.tenant = $1 AND l.position > $2 AND l.position <= $3${condition.sql} ORDER BY l.position LIMIT $4
       ) AS p ORDER BY p.position`,
      [tenant, from, end, limit + 1, ...condition.values],
    );
    return pageOf(rows, { partition, head, end, limit });
  }

  async byId(ids: readonly EventId[], { tenant, types }: Entitlement): Promise<StoredEvent[]> {
    const condition = postgresTypeCondition(types, 'e.type', 3);
    const rows = await this.engine.rowsAgain<PostgresEventRow>(
      `SELECT ${METADATA_COLUMNS}, e.data FROM ${this.event} e JOIN ${this.log} l ON l.ordinal = e.ordinal
       WHERE e.id = ANY ($1) AND e.tenant = $2${condition.sql}`,
      [ids, tenant, ...condition.values],
    );
    return rows.map(storedOf);
  }

  async count({ tenant, types }: Entitlement, after: Position, through: Position, cap: number): Promise<number> {
    const condition = postgresTypeCondition(types, 'l.type', 5);
    const [row] = await this.engine.rowsAgain<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM ${this.log} l
       WHERE l.tenant = $1 AND l.position > $2 AND l.position <= $3${condition.sql} LIMIT $4) AS c`,
      [tenant, after, through, cap, ...condition.values],
    );
    return row?.n ?? 0;
  }

  /** The position up to which one read may look: `SCAN_LIMIT` entries of the tenant ahead, or the head. */
  private async scanEnd(tenant: string, after: Position, head: Position): Promise<Position> {
    const [row] = await this.engine.rowsAgain<{ position: Position }>(
      `SELECT position FROM ${this.log} WHERE tenant = $1 AND position > $2 ORDER BY position LIMIT 1 OFFSET ${SCAN_LIMIT}`,
      [tenant, after],
    );
    return row?.position ?? head;
  }

  /** The head is the newest position itself, at the end of an index: a row with a copy of it would be rewritten all the time. */
  private boundsOf(condition: string): string {
    return `SELECT h.partition, h.pruned_through AS oldest,
        greatest(h.pruned_through, (SELECT max(l.position) FROM ${this.log} l WHERE l.partition = h.partition)) AS head
      FROM ${this.head} h WHERE ${condition} ORDER BY h.partition`;
  }
}

function pageOf(
  rows: readonly (PostgresEventRow & { before: number | null })[],
  { partition, head, end, limit }: { partition: number; head: Position; end: Position; limit: number },
): Page<StoredEvent> {
  const fitting = rows.slice(0, limit).filter(({ before }) => (before ?? 0) <= PAGE_CHARACTERS);
  const events = fitting.map(storedOf);
  if (fitting.length < rows.length) {
    return { partition, events, through: events.at(-1)?.position ?? end, more: true };
  }
  return { partition, events, through: end, more: end < head };
}
