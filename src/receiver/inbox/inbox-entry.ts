import type { EventId } from '../../protocol/ids.js';

/**
 * - `waiting`: to be handled;
 * - `failed`: its handler threw, it is tried again when it is due;
 * - `parked`: given up, a person decides;
 * - `done`: handled, once and for good;
 * - `discarded`: a person decided that it shall not be handled.
 */
export type InboxState = 'waiting' | 'failed' | 'parked' | 'done' | 'discarded';

/** All states, in the order of an event's life. */
export const INBOX_STATES: readonly InboxState[] = ['waiting', 'failed', 'parked', 'done', 'discarded'];

/** An event in the inbox, and where its handling stands. Times are Unix milliseconds. */
export interface InboxEntry {
  /** Name of the receiver module that fetched it. */
  producer: string;
  /** Its place in the inbox: grows with the producer's log order. */
  ordinal: number;
  id: EventId;
  type: string;
  tenant: string;
  subject: string | null;
  occurredAt: number;
  recordedAt: number;
  cursor: string;
  /** The payload, as JSON text. */
  data: string;
  /** JSON pointers of the fields that the producer withheld; null: none. */
  redacted: readonly string[] | null;
  state: InboxState;
  /** How often its handler was begun. */
  attempts: number;
  /** When it is handled next, if it is waiting or failed. */
  dueAt: number;
  /** What its handler threw last, shortened; null: nothing yet. */
  lastError: string | null;
  fetchedAt: number;
  /** When it became done or discarded. */
  finishedAt: number | null;
}
