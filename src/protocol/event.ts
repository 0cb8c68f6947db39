import type { Cursor } from './cursor.js';
import type { EventId } from './ids.js';

/** An event as the fetch API shows it. Times are ISO 8601, UTC, with milliseconds. */
export interface EventView<T = unknown> {
  id: EventId;
  type: string;
  tenant: string;
  /** What the event is about, such as the invoice's id. */
  subject: string | null;
  /** When it happened, as the producer says. */
  occurredAt: string;
  /** When it was published. */
  recordedAt: string;
  /** The event's place in the feed: `after` this one come the later events. */
  cursor: Cursor;
  /** The payload. */
  data: T;
  /** JSON pointers into `data` of the fields that were withheld; only there if some were. */
  redacted?: string[];
}

/** The resource of an event as it is now. */
export type CurrentResource<T = unknown> =
  | {
      state: 'found';
      /** It is this new, at least: ISO 8601. */
      asOf: string;
      /** Of the resource, where the producer has one. */
      version?: string | number;
      data: T;
      /** JSON pointers into `data` of the fields that were withheld; only there if some were. */
      redacted?: string[];
    }
  | {
      /** There is no such thing any more. */
      state: 'gone';
      asOf: string;
    };

/** An event beside its resource as it is now: `data` is what it was at the event, and never changes. */
export type LiveEventView<T = unknown, Now = T> = EventView<T> & { current: CurrentResource<Now> };
