import { type Cursor, decodeCursor, encodeCursor } from '../protocol/cursor.js';
import type { EventView } from '../protocol/event.js';
import { isEventType, matchesEventType } from '../protocol/event-type.js';
import { type EventId, IdGenerator } from '../protocol/ids.js';

/** An event to be published. */
export interface FakeEventInput {
  type: string;
  /** Any JSON value. Default `{}`. */
  data?: unknown;
  subject?: string | null;
  /** Default `default`. */
  tenant?: string;
  /** Default: now. */
  occurredAt?: Date;
  /** Pointers of what was withheld; `data` comes as the receiver gets it. */
  redacted?: string[];
}

/** What a resource is now, as a producer's resolver answers it. */
export type FakeCurrent = { data: unknown; version?: string | number } | 'gone' | 'not-yet';

/** What became of a look-up by id. */
export type FakeRead = { found: EventView } | { gone: 'gone_erased' | 'gone_expired' } | undefined;

export const cursorAt = (position: number): Cursor => encodeCursor({ partition: 0, position });

/** The fake producer's log, in memory: position 1 is the first event. */
export class FakeLog {
  private readonly ids: IdGenerator;
  private readonly events: EventView[] = [];
  private readonly erased = new Set<string>();
  private readonly current = new Map<string, FakeCurrent>();
  /** Events up to here are past their retention. */
  private expired = 0;

  constructor(private readonly now: () => number) {
    this.ids = new IdGenerator(now);
  }

  /** Position of the last event. */
  get head(): number {
    return this.events.length;
  }

  /** Position that is older than any cursor may be. */
  get oldest(): number {
    return this.expired;
  }

  append({ type, data = {}, subject = null, tenant = 'default', occurredAt, redacted }: FakeEventInput): EventView {
    if (!isEventType(type)) throw new TypeError(`type must be an event type such as invoice.paid, not "${type}"`);
    const recordedAt = new Date(this.now()).toISOString();
    const event: EventView = {
      id: this.ids.next('evt'),
      type,
      tenant,
      subject,
      occurredAt: occurredAt?.toISOString() ?? recordedAt,
      recordedAt,
      cursor: cursorAt(this.events.length + 1),
      // As it would be after its way through JSON.
      data: JSON.parse(JSON.stringify(data)) as unknown,
      ...(redacted === undefined || redacted.length === 0 ? {} : { redacted: [...redacted] }),
    };
    this.events.push(event);
    return event;
  }

  /** Events after a position; erased ones keep theirs and are not shown. */
  page(
    after: number,
    limit: number,
    types: readonly string[],
  ): { events: EventView[]; through: number; more: boolean } {
    const from = Math.max(after, this.expired);
    const wanted = (event: EventView) => matchesEventType(types, event.type) && !this.erased.has(event.id);
    const events: EventView[] = [];
    let through = from;
    while (through < this.events.length && events.length < limit) {
      const event = this.events[through++];
      if (event && wanted(event)) events.push(event);
    }
    return { events, through, more: through < this.events.length };
  }

  read(id: string): FakeRead {
    const event = this.events.find((candidate) => candidate.id === id);
    if (!event) return undefined;
    if (this.erased.has(id)) return { gone: 'gone_erased' };
    return this.positionOf(id) > this.expired ? { found: event } : { gone: 'gone_expired' };
  }

  positionOf(id: string): number {
    return this.events.findIndex((event) => event.id === id) + 1;
  }

  erase(id: EventId): void {
    this.erased.add(id);
  }

  setCurrent(id: EventId, current: FakeCurrent): void {
    this.current.set(id, current);
  }

  /** Undefined: nobody can tell. */
  currentOf(id: string): FakeCurrent | undefined {
    return this.current.get(id);
  }

  /** Of an answer that is given now. */
  isoNow(): string {
    return new Date(this.now()).toISOString();
  }

  expireBefore(id: EventId): void {
    const position = this.positionOf(id);
    if (position === 0) throw new TypeError(`There is no event ${id}`);
    this.expired = Math.max(this.expired, position - 1);
  }

  /** @throws InvalidCursorError */
  positionAt(cursor: string): number {
    return decodeCursor(cursor).position;
  }
}
