import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import { inSchema } from '../../database/schema-name.js';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { ENDPOINT_STATES, type EndpointState } from '../subscriptions/endpoint-settings.js';

/** Endpoints that one answer lists, at most: those furthest behind. */
export const LARGEST_LAG_LIST = 100;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Where one endpoint stands between what it was told and the newest event that it wants. Times are Unix ms. */
export interface EndpointLag {
  endpoint: EndpointId;
  receiver: ReceiverId;
  state: EndpointState;
  /** Of the log, that the positions belong to. */
  partition: number;
  signalledThrough: Position;
  head: Position;
  dueAt: number | null;
  attempt: number;
  failingSince: number | null;
}

/** How many were written in the last minute and in the last hour. */
export interface Rate {
  lastMinute: number;
  lastHour: number;
}

export interface DispatchStatistics {
  receivers: number;
  endpoints: Record<EndpointState, number>;
  /** Furthest behind first. */
  lag: EndpointLag[];
  rates: { events: Rate; signals: Rate };
}

interface SearchRow {
  /** The newest ordinal before the time; 0 for none. */
  before: number;
  oldest: number | null;
  newest: number | null;
}

/** Tables that grow at one end, and the column that grows with them. */
const GROWING = {
  events: { table: 'event', time: 'recorded_at' },
  signals: { table: 'signal', time: 'sent_at' },
} as const;

/** Figures for the operator; each is one bounded query, or one over the (seldom written) subscriptions. */
@Injectable()
export class DispatchStats {
  private readonly now: () => number;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  async read(): Promise<DispatchStatistics> {
    return {
      receivers: await this.receivers(),
      endpoints: await this.endpoints(),
      lag: await this.lag(),
      rates: { events: await this.rate('events'), signals: await this.rate('signals') },
    };
  }

  private async receivers(): Promise<number> {
    const [row] = await this.dataSource.sql<{ n: number }[]>`SELECT count(*) AS n FROM ${this.table('receiver')}`;
    return Number(row?.n ?? 0);
  }

  private async endpoints(): Promise<Record<EndpointState, number>> {
    const rows = await this.dataSource.sql<{ state: EndpointState; n: number }[]>`
      SELECT state, count(*) AS n FROM ${this.table('endpoint')} GROUP BY state`;
    const found = new Map(rows.map(({ state, n }) => [state, Number(n)]));
    const counts = ENDPOINT_STATES.map((state) => [state, found.get(state) ?? 0]);
    return Object.fromEntries(counts) as Record<EndpointState, number>;
  }

  private async lag(): Promise<EndpointLag[]> {
    const rows = await this.dataSource.sql<EndpointLag[]>`
      SELECT p.endpoint_id AS "endpoint", e.receiver_id AS "receiver", e.state AS "state", e.partition AS "partition",
        p.signalled_through AS "signalledThrough", p.head AS "head", p.due_at AS "dueAt", p.attempt AS "attempt",
        p.failing_since AS "failingSince"
      FROM ${this.table('endpoint_position')} p JOIN ${this.table('endpoint')} e ON e.id = p.endpoint_id
      ORDER BY p.head - p.signalled_through DESC, p.endpoint_id
      LIMIT ${LARGEST_LAG_LIST}`;
    // Bigints come as text from PostgreSQL.
    return rows.map(({ signalledThrough, head, dueAt, failingSince, ...row }) => ({
      ...row,
      signalledThrough: Number(signalledThrough),
      head: Number(head),
      dueAt: dueAt === null ? null : Number(dueAt),
      failingSince: failingSince === null ? null : Number(failingSince),
    }));
  }

  /** In a statement's template, a function stands for SQL text. */
  private table(name: string): () => string {
    return () => inSchema(this.dataSource.options, `signpost_${name}`);
  }

  private async rate(what: keyof typeof GROWING): Promise<Rate> {
    const now = this.now();
    return { lastMinute: await this.since(what, now - MINUTE_MS), lastHour: await this.since(what, now - HOUR_MS) };
  }

  /**
   * Rows at or after `time`, from their ordinals. Times have no index and need none: they grow with the ordinal (but for
   * milliseconds between overlapping writers), so halving steps find the newest row before `time` in 41 look-ups,
   * however many rows there are. 2^40 is more rows than a log can hold.
   */
  private async since(what: keyof typeof GROWING, time: number): Promise<number> {
    const source = GROWING[what];
    const [row] = await this.dataSource.sql<SearchRow[]>`
      WITH RECURSIVE search (low, step) AS (
        SELECT CAST(0 AS bigint), CAST(1099511627776 AS bigint)
        UNION ALL
        SELECT low + CASE WHEN (
            SELECT ${() => source.time} < ${time} FROM ${this.table(source.table)}
            WHERE ordinal >= low + step ORDER BY ordinal LIMIT 1
          ) THEN step ELSE 0 END, step / 2
        FROM search WHERE step > 0
      )
      SELECT max(low) AS "before", (SELECT min(ordinal) FROM ${this.table(source.table)}) AS "oldest",
        (SELECT max(ordinal) FROM ${this.table(source.table)}) AS "newest"
      FROM search`;
    if (row?.oldest == null || row.newest == null) return 0;
    // Retention takes rows from the old end: where none is before `time`, all that are left count.
    return Number(row.newest) - Math.max(Number(row.before), Number(row.oldest) - 1);
  }
}
