import type { EntityManager } from 'typeorm';
import type { CursorPlace } from '../../protocol/cursor.js';
import type { EventId } from '../../protocol/ids.js';

/** A place in a partition of the log. Positions grow in commit order and are never given out twice. 0 is before the first event. */
export type Position = number;

/** An event ready to be written: validated, with its id, its times (Unix ms) and its payload as JSON text. */
export interface NewEvent {
  id: EventId;
  tenant: string;
  type: string;
  subject: string | null;
  occurredAt: number;
  recordedAt: number;
  /** JSON text, stored and served byte for byte. */
  data: string;
  idempotencyKey: string | null;
  /** SHA-256 over what the producer sent; tells a repeated request from a different one under the same key. */
  idempotencyDigest: string | null;
  traceparent: string | null;
}

/** What stands in the log under an appended event's id. `repeated`: the idempotency key was already there; nothing was written. */
export interface Appended {
  id: EventId;
  /** Of the log; the tenant decides it. */
  partition: number;
  /** Null: not known yet. On PostgreSQL an event gets its position after the commit of the transaction that published it. */
  position: Position | null;
  tenant: string;
  type: string;
  subject: string | null;
  occurredAt: number;
  recordedAt: number;
  repeated: boolean;
}

/** An event that has its position. */
export type Placed = Appended & { position: Position };

/** An event without its payload: enough to compose a signal. */
export interface LogEntry {
  position: Position;
  id: EventId;
  type: string;
}

/** What the admin API shows of an event: everything but the payload. */
export interface EventMetadata extends LogEntry {
  partition: number;
  tenant: string;
  subject: string | null;
  occurredAt: number;
  recordedAt: number;
  /** Why the payload is no longer there, if it is not. */
  gone: 'erased' | 'expired' | null;
}

/** An event as it is read: payload as the stored JSON text, `null` when it is gone. */
export interface StoredEvent extends EventMetadata {
  data: string | null;
}

/** Whose events may be read: a tenant's, of the types that every list of patterns admits (an empty list admits nothing). */
export interface Entitlement {
  tenant: string;
  /** Each is a list of patterns (`exact`, `prefix.*`, `*`); a type must be admitted by all of them. */
  types: readonly (readonly string[])[];
}

export interface PageRequest extends Entitlement {
  /** Exclusive. */
  after: Position;
  limit: number;
}

export interface Page<T> {
  /** Of the log, that the positions belong to. */
  partition: number;
  events: T[];
  /** Everything readable up to and including this position is in the page or before it. Never below `after`. */
  through: Position;
  /** Whether the log goes on behind `through`. */
  more: boolean;
}

export interface MetadataQuery {
  tenant?: string | undefined;
  type?: string | undefined;
  subject?: string | undefined;
  /** Exclusive. */
  after: CursorPlace;
  limit: number;
}

/** The log has been shortened by retention: `oldest` is the oldest position that a reader may still ask after. */
export interface LogBounds {
  partition: number;
  head: Position;
  oldest: Position;
}

/** What one batch of retention did. */
export interface Pruned {
  /** Events whose payload went. */
  expired: number;
  /** Events that went altogether. */
  forgotten: number;
  more: boolean;
}

/**
 * The event log. One implementation for each database; all must pass `eventStoreContract` unchanged.
 */
export interface EventStore {
  /**
   * Appends in the transaction of `manager`, which belongs to the application: no commit, no event.
   * Never commits, never waits for anything that another transaction holds; rejects with `NotInTransactionError` outside one.
   * Under an idempotency key that is already there, writes nothing and answers with the first event; if its digest differs,
   * rejects with `IdempotencyConflictError`. The key's unique index decides, not a look-up before the insert: two
   * transactions that both looked and found nothing would both insert.
   */
  append(manager: EntityManager, events: readonly NewEvent[]): Promise<Appended[]>;

  /**
   * Appends in a transaction of its own, all or nothing; resolves after the commit is durable. Calls that wait at the
   * same time share one commit (and one fsync); one that is refused does not take the others down with it.
   */
  appendAlone(events: readonly NewEvent[]): Promise<Placed[]>;

  /** Calls back after the outermost transaction of `manager` committed; never if it, or the savepoint of the call, rolled back. */
  afterCommit(manager: EntityManager, callback: () => void): void;

  /**
   * Where the log ends and where it begins, in the partition of a tenant (default: the first one). Only committed events count: an open
   * transaction's events are not there.
   */
  bounds(tenant?: string): Promise<LogBounds>;

  /** The bounds of every partition, in their order. */
  allBounds(): Promise<LogBounds[]>;

  /**
   * A page in log order. Positions are in commit order, so a reader that continues after `through` never misses an
   * event that was committed later. Scans and returns a bounded amount (entries and bytes) however rare the types are.
   */
  readPage(request: PageRequest): Promise<Page<StoredEvent>>;

  /** One query decides and reads: what the entitlement does not admit is `undefined`, exactly as what never existed. */
  readOne(id: EventId, entitlement: Entitlement): Promise<StoredEvent | undefined>;

  /** As `readOne` for each of `ids`; the answer holds only what is there and admitted, in no order. */
  readMany(ids: readonly EventId[], entitlement: Entitlement): Promise<StoredEvent[]>;

  /** How many readable events stand in (after, through]; counts to `cap` at most. */
  count(entitlement: Entitlement, after: Position, through: Position, cap: number): Promise<number>;

  /** Metadata for the operator, across tenants: in log order, one partition after the other. */
  listMetadata(query: MetadataQuery): Promise<Page<EventMetadata>>;

  /** Metadata of one event for the operator. */
  metadata(id: EventId): Promise<EventMetadata | undefined>;

  /**
   * Retention, one bounded batch: payloads of events recorded before `expireBefore` go, and rows recorded before
   * `forgetBefore` go altogether (in between, the entitled are told 410 rather than 404). Only from the old end of the log and in
   * order, so that "older than the oldest cursor" stays one comparison. Answers whether more is left.
   */
  prune(expireBefore: number, forgetBefore: number, limit: number): Promise<Pruned>;
}
