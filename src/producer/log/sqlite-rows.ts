import type { EventId } from '../../protocol/ids.js';
import type { EventMetadata, StoredEvent } from './event-store.js';

export const METADATA_COLUMNS =
  'ordinal, id, tenant, type, subject, occurred_at, recorded_at, erased_at, data IS NULL AS empty';

export interface EventRow {
  ordinal: number;
  id: EventId;
  tenant: string;
  type: string;
  subject: string | null;
  occurred_at: number;
  recorded_at: number;
  erased_at: number | null;
  empty: 0 | 1;
}

export function toMetadata(row: EventRow): EventMetadata {
  return {
    partition: 0,
    position: row.ordinal,
    id: row.id,
    tenant: row.tenant,
    type: row.type,
    subject: row.subject,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    gone: row.empty === 0 ? null : row.erased_at === null ? 'expired' : 'erased',
  };
}

/** What is read of an event with its payload, in the order of `ReadRow`. */
export const READ_COLUMNS = 'ordinal, id, type, subject, occurred_at, recorded_at, erased_at, data';

export type ReadRow = [
  ordinal: number,
  id: EventId,
  type: string,
  subject: string | null,
  occurredAt: number,
  recordedAt: number,
  erasedAt: number | null,
  data: string | null,
];

export function storedOf(row: ReadRow, tenant: string): StoredEvent {
  const [position, id, type, subject, occurredAt, recordedAt, erasedAt, data] = row;
  const gone = data !== null ? null : erasedAt === null ? 'expired' : 'erased';
  return { partition: 0, position, id, tenant, type, subject, occurredAt, recordedAt, gone, data };
}
