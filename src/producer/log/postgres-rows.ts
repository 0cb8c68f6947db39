import type { EventId } from '../../protocol/ids.js';
import type { EventMetadata, Position, StoredEvent } from './event-store.js';

/** Of the log (`l`) and the event (`e`). */
export const METADATA_COLUMNS =
  'l.partition, l.position, l.id, l.tenant, l.type, e.subject, e.occurred_at, e.recorded_at, e.erased_at, e.data IS NULL AS empty';

export interface PostgresEventRow {
  partition: number;
  position: Position;
  id: EventId;
  tenant: string;
  type: string;
  subject: string | null;
  occurred_at: number;
  recorded_at: number;
  erased_at: number | null;
  empty: boolean;
  data?: string | null;
}

export function metadataOf(row: PostgresEventRow): EventMetadata {
  const { partition, position, id, tenant, type, subject } = row;
  const gone = !row.empty ? null : row.erased_at === null ? 'expired' : 'erased';
  return {
    partition,
    position,
    id,
    tenant,
    type,
    subject,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    gone,
  };
}

export function storedOf(row: PostgresEventRow): StoredEvent {
  return { ...metadataOf(row), data: row.data ?? null };
}
