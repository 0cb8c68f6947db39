import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import { matchesEventType, patternsMatching } from '../../protocol/event-type.js';
import type { EventMetadata } from '../log/event-store.js';
import { SIGNPOST_DATA_SOURCE } from '../signpost-options.js';

/** How far an event has come on its way to one endpoint; each state includes those before it. */
export const STANDINGS = ['waiting', 'signalled', 'fetched', 'acked'] as const;
export type Standing = (typeof STANDINGS)[number];

export interface EndpointStanding {
  endpoint: EndpointId;
  receiver: ReceiverId;
  state: Standing;
}

/** Endpoints that one answer names, at most: a tenant may have thousands. */
export const LARGEST_STANDING = 1_000;

/** Bigints come as text from PostgreSQL. */
interface StandingRow {
  endpoint: EndpointId;
  receiver: ReceiverId;
  eventTypes: string;
  signalled: number | string;
  fetched: number | string | null;
  acked: number | string | null;
  receiptAcked: number | null;
}

/** Tells where each endpoint that an event concerns stands with it. */
@Injectable()
export class EndpointStandings {
  constructor(@Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource) {}

  /**
   * The endpoints of the event's tenant whose filter and whose receiver's event types admit it and that began before it,
   * in the order of their ids; `more` when there are more than `LARGEST_STANDING`.
   */
  async of(
    event: Pick<EventMetadata, 'tenant' | 'type' | 'position'>,
  ): Promise<{ endpoints: EndpointStanding[]; more: boolean }> {
    // From the filter's index outwards, as waking does: endpoints that do not match are never read.
    const rows = await this.dataSource.sql<StandingRow[]>`
      SELECT e.id AS "endpoint", e.receiver_id AS "receiver", r.event_types AS "eventTypes",
        p.signalled_through AS "signalled", m.fetched_through AS "fetched", m.acked_through AS "acked",
        c.acked AS "receiptAcked"
      FROM ${this.table('endpoint')} e
      JOIN ${this.table('endpoint_position')} p ON p.endpoint_id = e.id
      JOIN ${this.table('receiver')} r ON r.id = e.receiver_id
      LEFT JOIN ${this.table('receiver_position')} m ON m.receiver_id = e.receiver_id
      LEFT JOIN ${this.table('receipt')} c ON c.receiver_id = e.receiver_id AND c.position = ${event.position}
      WHERE e.id IN (
          SELECT endpoint_id FROM ${this.table('endpoint_filter')}
          WHERE tenant = ${event.tenant} AND pattern IN (${() => patternsMatching(event.type)})
        )
        AND e.start_position < ${event.position}
      ORDER BY e.id
      LIMIT ${LARGEST_STANDING + 1}`;
    const endpoints = rows
      .slice(0, LARGEST_STANDING)
      .filter((row) => matchesEventType(JSON.parse(row.eventTypes) as string[], event.type))
      .map((row) => ({ endpoint: row.endpoint, receiver: row.receiver, state: standing(row, event.position) }));
    return { endpoints, more: rows.length > LARGEST_STANDING };
  }

  /** In a statement's template, a function stands for SQL text. */
  private table(name: string): () => string {
    return () => inSchema(this.dataSource.options, `signpost_${name}`);
  }
}

function standing(row: StandingRow, position: number): Standing {
  if (row.receiptAcked === 1 || Number(row.acked ?? 0) >= position) return 'acked';
  if (row.receiptAcked !== null || Number(row.fetched ?? 0) >= position) return 'fetched';
  return Number(row.signalled) >= position ? 'signalled' : 'waiting';
}
