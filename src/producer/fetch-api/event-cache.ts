import { matchesEventType } from '../../protocol/event-type.js';
import type { EventId } from '../../protocol/ids.js';
import type { Entitlement, Position } from '../log/event-store.js';

/** An event as it is sent: enough to decide who may have it, and the bytes. */
export interface CachedEvent {
  tenant: string;
  type: string;
  recordedAt: number;
  position: Position;
  /** As JSON, with the whole payload: what is withheld from a reader is cut out on each look-up. */
  body: string;
  /** Where the payload begins in it; it ends before the last character. */
  dataAt: number;
}

/** Memory of an entry beside its body: map slot, object, id, buffer header. */
const ENTRY_BYTES = 400;
const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/**
 * Events that were read lately, ready to send: one event signalled to many receivers is read from the database once. Events are
 * immutable, so an entry is right until the payload is erased: whoever does that calls `delete` or `clear` after the commit.
 * Who may read an entry, and whether it is still in retention, is decided on every look-up.
 */
export class EventCache {
  private readonly entries = new Map<EventId, CachedEvent>();
  private bytes = 0;
  private epoch = 0;

  constructor(private readonly maxBytes = DEFAULT_MAX_BYTES) {}

  /**
   * The event, if it is here, `entitlement` admits it and it was recorded at `since` (Unix ms) or later: what is not admitted looks
   * like what is not here.
   */
  get(id: EventId, entitlement: Entitlement, since: number): CachedEvent | undefined {
    const event = this.entries.get(id);
    if (!event || event.recordedAt < since || !admits(entitlement, event)) return undefined;
    // A Map keeps insertion order: whoever is read goes to the young end.
    this.entries.delete(id);
    this.entries.set(id, event);
    return event;
  }

  /** Take it before reading the database and hand it to `put`. */
  ticket(): number {
    return this.epoch;
  }

  /**
   * Keeps the event, unless something was taken out since `ticket`: a read that began before an erasure may end after it, and
   * would bring the erased payload back for good.
   */
  put(id: EventId, event: CachedEvent, ticket: number): void {
    const size = sizeOf(event);
    if (ticket !== this.epoch || size > this.maxBytes / 8) return;
    this.remove(id);
    this.entries.set(id, event);
    this.bytes += size;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.maxBytes) break;
      this.remove(oldest);
    }
  }

  delete(id: EventId): void {
    this.epoch++;
    this.remove(id);
  }

  clear(): void {
    this.epoch++;
    this.entries.clear();
    this.bytes = 0;
  }

  private remove(id: EventId): void {
    const event = this.entries.get(id);
    if (!event) return;
    this.entries.delete(id);
    this.bytes -= sizeOf(event);
  }
}

function sizeOf(event: CachedEvent): number {
  return 2 * event.body.length + ENTRY_BYTES;
}

function admits({ tenant, types }: Entitlement, event: CachedEvent): boolean {
  return tenant === event.tenant && types.every((patterns) => matchesEventType(patterns, event.type));
}
