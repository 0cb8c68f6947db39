import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { EventId } from '../../protocol/ids.js';
import { IdempotencyConflictError, isConflict } from './errors.js';
import type { Appended, NewEvent } from './event-store.js';

/** Runs one statement: in the application's transaction, or by itself. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<{ rows: unknown[] }>;

const COLUMNS =
  'partition, id, tenant, type, subject, occurred_at, recorded_at, idempotency_key, idempotency_digest, traceparent, data';
const WIDTH = 11;
/** Events of one statement: beyond, longer lists are no faster, and a statement takes 65,535 parameters at most. */
const MOST_ROWS = 500;

interface ExistingRow {
  ordinal: string | number;
  id: EventId;
  partition: number;
  tenant: string;
  type: string;
  subject: string | null;
  occurred_at: string | number;
  recorded_at: string | number;
  idempotency_key: string;
  idempotency_digest: string | null;
}

/** An event with the partition of its tenant. */
export type PlacedEvent = NewEvent & { partition: number };

/** What was inserted, or stood there before. */
export type Inserted = Appended & { ordinal: number };

/** Inserts events, and notes them for the sequencing step, in one statement per 500: a list of VALUES beats one statement for each by far. */
export class PostgresAppend {
  private readonly event: string;
  private readonly outbox: string;

  constructor(engine: PostgresEngine) {
    this.event = engine.table('event');
    this.outbox = engine.table('outbox');
  }

  /** In the order of `events`; for an event whose idempotency key belongs to another one, the error. */
  async insert(run: RunStatement, events: readonly PlacedEvent[]): Promise<(Inserted | IdempotencyConflictError)[]> {
    const inserted: (Inserted | IdempotencyConflictError)[] = [];
    for (let at = 0; at < events.length; at += MOST_ROWS) {
      inserted.push(...(await this.insertSome(run, events.slice(at, at + MOST_ROWS))));
    }
    return inserted;
  }

  private async insertSome(run: RunStatement, events: readonly PlacedEvent[]) {
    const { rows } = await run(this.statement(events), events.flatMap(parameters));
    const ordinals = new Map(
      (rows as { id: EventId; ordinal: string }[]).map(({ id, ordinal }) => [id, Number(ordinal)]),
    );
    const repeated = events.filter(({ id, idempotencyKey }) => idempotencyKey !== null && !ordinals.has(id));
    const existing = await this.existing(run, repeated);
    return events.map((event): Inserted | IdempotencyConflictError => {
      const ordinal = ordinals.get(event.id);
      if (ordinal !== undefined) return { ...appended(event), ordinal };
      const found = existing.get(event.idempotencyKey ?? '');
      if (!found) throw new Error(`The event ${event.id} was neither written nor was its idempotency key there before`);
      if (isConflict(found.idempotency_digest, event)) return new IdempotencyConflictError(found.id);
      return repeatedOf(found);
    });
  }

  private statement(events: readonly PlacedEvent[]): string {
    const list = events.map(
      (_, row) => `(${Array.from({ length: WIDTH }, (__, n) => `$${row * WIDTH + n + 1}`).join(', ')})`,
    );
    // The unique index decides whether a key is new; a look-up before the insert could not. Who meets a key that is not committed yet
    // waits to see what becomes of it.
    const once = events.some(({ idempotencyKey }) => idempotencyKey !== null)
      ? 'ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING'
      : '';
    return `WITH inserted AS (
        INSERT INTO ${this.event} (${COLUMNS}) VALUES ${list.join(', ')} ${once} RETURNING partition, ordinal, id
      ), noted AS (
        INSERT INTO ${this.outbox} (partition, xid, ordinal) SELECT partition, pg_current_xact_id(), ordinal FROM inserted
      )
      SELECT id, ordinal FROM inserted`;
  }

  /** Read after the insert, in a statement of its own: only its snapshot has what the insert met. */
  private async existing(run: RunStatement, repeated: readonly PlacedEvent[]): Promise<Map<string, ExistingRow>> {
    if (repeated.length === 0) return new Map();
    const { rows } = await run(
      `SELECT ordinal, id, partition, tenant, type, subject, occurred_at, recorded_at, idempotency_key, idempotency_digest
       FROM ${this.event} WHERE idempotency_key = ANY ($1) AND idempotency_key IS NOT NULL`,
      [repeated.map(({ idempotencyKey }) => idempotencyKey)],
    );
    return new Map((rows as ExistingRow[]).map((row) => [row.idempotency_key, row]));
  }
}

function parameters(event: PlacedEvent): unknown[] {
  return [
    event.partition,
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
  ];
}

function appended({ id, partition, tenant, type, subject, occurredAt, recordedAt }: PlacedEvent): Appended {
  return { id, partition, position: null, tenant, type, subject, occurredAt, recordedAt, repeated: false };
}

function repeatedOf({ id, partition, tenant, type, subject, ...row }: ExistingRow): Inserted {
  const numbers = {
    ordinal: Number(row.ordinal),
    occurredAt: Number(row.occurred_at),
    recordedAt: Number(row.recorded_at),
  };
  return { id, partition, position: null, tenant, type, subject, ...numbers, repeated: true };
}

/** @throws IdempotencyConflictError if there is one in the list */
export function withoutConflicts(inserted: readonly (Inserted | IdempotencyConflictError)[]): Inserted[] {
  return inserted.map((event) => {
    if (event instanceof IdempotencyConflictError) throw event;
    return event;
  });
}
