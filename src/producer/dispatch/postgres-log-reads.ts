import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { CursorPlace } from '../../protocol/cursor.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { LogEntry, Position } from '../log/event-store.js';
import { BatchedReads } from './batched-reads.js';
import { WINDOW, type LogReads, type LogWindow } from './log-reads.js';

interface WindowRequest {
  tenant: string;
  partition: number;
  after: Position;
}

/** Windows of one statement: 32,768 entries at most. */
const WINDOWS_AT_ONCE = 64;

/** The marks that were read with a claim. */
export type ReceiverMarkRows = ReadonlyMap<ReceiverId, { fetched: Position; acked: Position }>;

/**
 * The log as one claim on PostgreSQL sees it. Endpoints are composed side by side, and what they ask for at the same moment is one
 * statement; a thousand that wait at about the same place of the same tenant's log read it once.
 */
export class PostgresLogReads implements LogReads {
  private readonly windows: BatchedReads<WindowRequest, LogWindow>;
  private readonly traces: BatchedReads<CursorPlace, string | null>;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly marks: ReceiverMarkRows,
  ) {
    this.windows = new BatchedReads((requests) => this.readWindows(requests));
    this.traces = new BatchedReads((places) => this.readTraces(places));
  }

  window(tenant: string, partition: number, after: Position): Promise<LogWindow> {
    return this.windows.get(`${after} ${tenant}`, { tenant, partition, after });
  }

  traceparent(place: CursorPlace): Promise<string | null> {
    return this.traces.get(`${place.partition} ${place.position}`, place);
  }

  mark(receiver: ReceiverId, acked: boolean): Position {
    const marks = this.marks.get(receiver);
    return (acked ? marks?.acked : marks?.fetched) ?? 0;
  }

  async receipts(receiver: ReceiverId, positions: readonly Position[], acked: boolean): Promise<ReadonlySet<Position>> {
    // Of the mark as well: `marks` may be older than this statement, and receipts go away once a mark has passed them.
    const through = acked ? 'acked_through' : 'fetched_through';
    const rows = await this.engine.rowsAgain<{ position: Position }>(
      `SELECT position FROM ${this.engine.table('receipt')} WHERE receiver_id = $1 AND acked >= $2 AND position = ANY ($3::bigint[])
       UNION
       SELECT p.position FROM ${this.engine.table('receiver_position')} m JOIN unnest($3::bigint[]) AS p (position) ON p.position <= m.${through}
       WHERE m.receiver_id = $1`,
      [receiver, acked ? 1 : 0, positions],
    );
    return new Set(rows.map(({ position }) => position));
  }

  private async readWindows(requests: readonly WindowRequest[]): Promise<LogWindow[]> {
    const { anchors, anchorOf } = anchored(requests);
    const read: LogWindow[] = [];
    for (let at = 0; at < anchors.length; at += WINDOWS_AT_ONCE) {
      read.push(...(await this.readAnchors(anchors.slice(at, at + WINDOWS_AT_ONCE))));
    }
    return requests.map(({ after }, index) => {
      const window = read[anchorOf[index] ?? 0] ?? { entries: [], end: true };
      const from = window.entries.findIndex(({ position }) => position > after);
      return { entries: from === -1 ? [] : window.entries.slice(from), end: window.end };
    });
  }

  private async readAnchors(anchors: readonly WindowRequest[]): Promise<LogWindow[]> {
    const [log, head] = [this.engine.table('log'), this.engine.table('log_head')];
    // Events at or before the head's mark are out of retention: nobody could fetch them.
    const rows = await this.engine.rowsAgain<LogEntry & { n: number }>(
      `SELECT a.n, l.position, l.id, l.type
       FROM unnest($1::text[], $2::int[], $3::bigint[]) WITH ORDINALITY AS a (tenant, partition, after, n)
       JOIN ${head} h ON h.partition = a.partition
       CROSS JOIN LATERAL (
         SELECT position, id, type FROM ${log} WHERE tenant = a.tenant AND position > greatest(a.after, h.pruned_through)
         ORDER BY position LIMIT ${WINDOW}
       ) AS l ORDER BY a.n, l.position`,
      [
        anchors.map(({ tenant }) => tenant),
        anchors.map(({ partition }) => partition),
        anchors.map(({ after }) => after),
      ],
    );
    const lists: LogEntry[][] = anchors.map(() => []);
    for (const { n, ...entry } of rows) lists[n - 1]?.push(entry);
    return lists.map((entries) => ({ entries, end: entries.length < WINDOW }));
  }

  private async readTraces(places: readonly CursorPlace[]): Promise<(string | null)[]> {
    const rows = await this.engine.rowsAgain<{ n: number; traceparent: string | null }>(
      `SELECT p.n, e.traceparent FROM unnest($1::int[], $2::bigint[]) WITH ORDINALITY AS p (partition, position, n)
       JOIN ${this.engine.table('log')} l ON l.partition = p.partition AND l.position = p.position
       JOIN ${this.engine.table('event')} e ON e.ordinal = l.ordinal`,
      [places.map(({ partition }) => partition), places.map(({ position }) => position)],
    );
    const traces = new Map(rows.map(({ n, traceparent }) => [n - 1, traceparent]));
    return places.map((_, index) => traces.get(index) ?? null);
  }
}

/**
 * The places to read from so that each request finds its own in one of them. A place at most half a window behind another one is served
 * by that one's window, which still has at least half a window for it: a tenant has no more entries than the partition has positions.
 */
function anchored(requests: readonly WindowRequest[]): { anchors: WindowRequest[]; anchorOf: number[] } {
  const order = requests
    .map((request, index) => ({ ...request, index }))
    .sort((a, b) => (a.tenant === b.tenant ? a.after - b.after : a.tenant < b.tenant ? -1 : 1));
  const anchors: WindowRequest[] = [];
  const anchorOf: number[] = [];
  for (const { index, ...request } of order) {
    const last = anchors.at(-1);
    const served = last?.tenant === request.tenant && request.after - last.after <= WINDOW / 2;
    if (!served) anchors.push(request);
    anchorOf[index] = anchors.length - 1;
  }
  return { anchors, anchorOf };
}
