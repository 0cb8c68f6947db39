import type { EntityManager } from 'typeorm';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { EventId } from '../../protocol/ids.js';
import type {
  Appended,
  Entitlement,
  EventMetadata,
  EventStore,
  LogBounds,
  MetadataQuery,
  NewEvent,
  Page,
  PageRequest,
  Placed,
  Position,
  StoredEvent,
} from './event-store.js';
import { appendOne } from './sqlite-append.js';
import { overwriting } from './sqlite-overwrite.js';
import { pruneLog } from './sqlite-prune.js';
import { METADATA_COLUMNS, READ_COLUMNS, storedOf, toMetadata, type EventRow, type ReadRow } from './sqlite-rows.js';
import { typeCondition } from './type-condition.js';

/** Entries that one read looks at, at most: about a millisecond of the only connection. */
const SCAN_LIMIT = 10_000;
/** Payload bytes of one page, at most (at least one event): memory stays bounded whatever the limit and the payloads. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** Rows that one statement of a page reads: of the largest payloads, 64 MiB. */
const CHUNK_ROWS = 64;

const BOUNDS = `SELECT max(h.pruned_through, coalesce((SELECT max(ordinal) FROM signpost_event), 0)) AS head,
  h.pruned_through AS oldest, h.partition FROM signpost_log_head h WHERE h.partition = 0`;

/** The event log on SQLite: one writer at a time, so the order of insertion is the order of commit. */
export class SqliteEventStore implements EventStore {
  constructor(private readonly turns: SqliteTurns) {}

  async append(manager: EntityManager, events: readonly NewEvent[]): Promise<Appended[]> {
    this.turns.connectionOf(manager);
    return events.map((event) => appendOne(this.turns, event));
  }

  appendAlone(events: readonly NewEvent[]): Promise<Placed[]> {
    return this.turns.step('publish', () => events.map((event) => appendOne(this.turns, event)));
  }

  afterCommit(manager: EntityManager, callback: () => void): void {
    this.turns.onCommit(manager, callback);
  }

  bounds(): Promise<LogBounds> {
    return this.turns.read('log bounds', () => this.boundsNow());
  }

  async allBounds(): Promise<LogBounds[]> {
    return [await this.bounds()];
  }

  readPage(request: PageRequest): Promise<Page<StoredEvent>> {
    return this.turns.read('feed', () => {
      const { head, oldest } = this.boundsNow();
      const after = Math.max(request.after, oldest);
      const condition = typeCondition(request.types);
      const end = condition.sql === '' ? head : this.scanEnd(request.tenant, after, head);
      const statement = this.turns.prepare(
        `SELECT ${READ_COLUMNS} FROM signpost_event
         WHERE tenant = ? AND ordinal > ? AND ordinal <= ?${condition.sql} ORDER BY ordinal LIMIT ?`,
      );
      // Rows as lists, many at a time: half the cost of objects one by one. Few enough that large payloads fit into memory.
      const read = (place: Position, limit: number): ReadRow[] =>
        statement.raw().all(request.tenant, place, end, ...condition.parameters, limit) as ReadRow[];
      return takePage(read, request.tenant, after, request.limit, end, head);
    });
  }

  readOne(id: EventId, entitlement: Entitlement): Promise<StoredEvent | undefined> {
    const condition = typeCondition(entitlement.types);
    return this.turns.read('event', () => {
      // As a list, as in a page: an object costs a name for each column.
      const row = this.turns
        .prepare(`SELECT ${READ_COLUMNS} FROM signpost_event WHERE id = ? AND tenant = ?${condition.sql}`)
        .raw()
        .get(id, entitlement.tenant, ...condition.parameters) as ReadRow | undefined;
      return row && storedOf(row, entitlement.tenant);
    });
  }

  readMany(ids: readonly EventId[], entitlement: Entitlement): Promise<StoredEvent[]> {
    const condition = typeCondition(entitlement.types);
    return this.turns.read('events', () => {
      const rows = this.turns
        .prepare(
          `SELECT ${READ_COLUMNS} FROM signpost_event
           WHERE id IN (SELECT value FROM json_each(?)) AND tenant = ?${condition.sql}`,
        )
        .raw()
        .all(JSON.stringify(ids), entitlement.tenant, ...condition.parameters) as ReadRow[];
      return rows.map((row) => storedOf(row, entitlement.tenant));
    });
  }

  count(entitlement: Entitlement, after: Position, through: Position, cap: number): Promise<number> {
    const condition = typeCondition(entitlement.types);
    return this.turns.read('lag', () => {
      const row = this.turns
        .prepare(
          `SELECT count(*) AS n FROM (SELECT 1 FROM signpost_event
           WHERE tenant = ? AND ordinal > ? AND ordinal <= ?${condition.sql} LIMIT ?)`,
        )
        .get(entitlement.tenant, after, through, ...condition.parameters, cap) as { n: number };
      return row.n;
    });
  }

  listMetadata(query: MetadataQuery): Promise<Page<EventMetadata>> {
    return this.turns.read('event list', () => {
      const { head } = this.boundsNow();
      const filters: [string, string][] = [];
      if (query.tenant !== undefined) filters.push([' AND tenant = ?', query.tenant]);
      if (query.type !== undefined) filters.push([' AND type = ?', query.type]);
      if (query.subject !== undefined) filters.push([' AND subject = ?', query.subject]);
      // Any mix of filters may match rarely, so the scan is bounded and the page says how far it looked.
      const after = query.after.position;
      const end = filters.length === 0 ? head : this.scanEnd(query.tenant, after, head);
      const rows = this.turns
        .prepare(
          `SELECT ${METADATA_COLUMNS} FROM signpost_event
           WHERE ordinal > ? AND ordinal <= ?${filters.map(([sql]) => sql).join('')} ORDER BY ordinal LIMIT ?`,
        )
        .all(after, end, ...filters.map(([, value]) => value), query.limit + 1) as EventRow[];
      const more = rows.length > query.limit;
      const events = rows.slice(0, query.limit).map(toMetadata);
      const through = more ? (events.at(-1)?.position ?? end) : Math.max(end, after);
      return { partition: 0, events, through, more: more || end < head };
    });
  }

  metadata(id: EventId): Promise<EventMetadata | undefined> {
    return this.turns.read('event metadata', () => {
      const row = this.turns.prepare(`SELECT ${METADATA_COLUMNS} FROM signpost_event WHERE id = ?`).get(id) as
        EventRow | undefined;
      return row && toMetadata(row);
    });
  }

  prune(expireBefore: number, forgetBefore: number, limit: number) {
    return this.turns.step('retention', (db) =>
      overwriting(db, () => pruneLog(this.turns, expireBefore, forgetBefore, limit)),
    );
  }

  private boundsNow(): LogBounds {
    return this.turns.prepare(BOUNDS).get() as LogBounds;
  }

  /** The position up to which one read may look: `SCAN_LIMIT` entries ahead, or the head. */
  private scanEnd(tenant: string | undefined, after: Position, head: Position): Position {
    const own = tenant === undefined ? '' : ' AND tenant = ?';
    const row = this.turns
      .prepare(
        `SELECT ordinal FROM signpost_event WHERE ordinal > ?${own} ORDER BY ordinal LIMIT 1 OFFSET ${SCAN_LIMIT}`,
      )
      .get(after, ...(tenant === undefined ? [] : [tenant])) as { ordinal: number } | undefined;
    return row ? row.ordinal : head;
  }
}

function takePage(
  read: (after: Position, limit: number) => ReadRow[],
  tenant: string,
  after: Position,
  limit: number,
  end: Position,
  head: Position,
): Page<StoredEvent> {
  const events: StoredEvent[] = [];
  let bytes = 0;
  for (let place = after; ;) {
    // One more than wanted: the row behind the last one tells that there is one.
    const wanted = Math.min(CHUNK_ROWS, limit + 1 - events.length);
    const rows = read(place, wanted);
    for (const row of rows) {
      if (events.length === limit || bytes > PAGE_BYTES) return { partition: 0, events, through: place, more: true };
      const event = storedOf(row, tenant);
      bytes += event.data?.length ?? 0;
      place = event.position;
      events.push(event);
    }
    if (rows.length < wanted) return { partition: 0, events, through: end, more: end < head };
  }
}
