import type { EventId } from '../../protocol/ids.js';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { IdempotencyConflictError, isConflict } from './errors.js';
import type { NewEvent, Placed } from './event-store.js';

const COLUMNS =
  'id, tenant, type, subject, occurred_at, recorded_at, idempotency_key, idempotency_digest, traceparent, data';
const INSERT = `INSERT INTO signpost_event (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
// The unique index decides whether the key is new; a look-up before the insert could not.
const INSERT_ONCE = `${INSERT} ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`;
const FIND_BY_KEY = `SELECT ordinal, id, tenant, type, subject, occurred_at, recorded_at, idempotency_digest
  FROM signpost_event WHERE idempotency_key = ?`;

interface ExistingRow {
  ordinal: number;
  id: EventId;
  tenant: string;
  type: string;
  subject: string | null;
  occurred_at: number;
  recorded_at: number;
  idempotency_digest: string | null;
}

/** Inserts one event on the connection whose turn the caller holds. */
export function appendOne(turns: SqliteTurns, event: NewEvent): Placed {
  const statement = turns.prepare(event.idempotencyKey === null ? INSERT : INSERT_ONCE);
  const { changes, lastInsertRowid } = statement.run(
    event.id,
    event.tenant,
    event.type,
    event.subject,
    event.occurredAt,
    event.recordedAt,
    event.idempotencyKey,
    event.idempotencyDigest,
    event.traceparent,
    event.data,
  );
  if (changes === 0 && event.idempotencyKey !== null) return repeated(turns, event, event.idempotencyKey);
  return {
    id: event.id,
    partition: 0,
    position: Number(lastInsertRowid),
    tenant: event.tenant,
    type: event.type,
    subject: event.subject,
    occurredAt: event.occurredAt,
    recordedAt: event.recordedAt,
    repeated: false,
  };
}

function repeated(turns: SqliteTurns, event: NewEvent, key: string): Placed {
  const row = turns.prepare(FIND_BY_KEY).get(key) as ExistingRow;
  if (isConflict(row.idempotency_digest, event)) throw new IdempotencyConflictError(row.id);
  return {
    id: row.id,
    partition: 0,
    position: row.ordinal,
    tenant: row.tenant,
    type: row.type,
    subject: row.subject,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    repeated: true,
  };
}
