import { isEventType } from '../../protocol/event-type.js';
import type { EventView, LiveEventView } from '../../protocol/event.js';
import { isId } from '../../protocol/ids.js';
import type { ProblemDetails } from '../../protocol/problem.js';

// Each of these answers undefined for what is not of its shape. Members that are not known stay: a newer producer may add some.

/** A page of the feed. */
export interface FeedPage<Event = EventView> {
  /** In log order; may be empty even if there is more. */
  events: Event[];
  /** Where to go on: store this one with the page, not the last event's. */
  cursor: string;
  /** Whether the log goes on behind this page. */
  more: boolean;
}

/** What became of one id of a batch: an event, or the problem why there is none. */
export type BatchResult<Event = EventView> =
  { id: string; status: 200; event: Event } | { id: string; status: 404 | 410; problem: ProblemDetails };

/** Where the receiver stands. */
export interface FeedPosition {
  /** The end of the log. */
  head: string;
  /** Everything up to here was fetched. */
  fetched: string;
  /** Everything up to here was acknowledged. */
  acked: string;
  /** Events that were not acknowledged yet; counted to 100,000. */
  lag: number;
}

/** An event type of the catalogue. */
export interface EventTypeView {
  name: string;
  description: string | null;
  /** JSON Schema of the payload; null when none was given. */
  schema: Record<string, unknown> | boolean | null;
  /** What is withheld from credentials without the scope. */
  sensitiveFields: { pointer: string; scope: string }[];
}

/** A page of a list. */
export interface ListPage<Item> {
  items: Item[];
  cursor: string | null;
  more: boolean;
}

export function readEvent(json: unknown): EventView | undefined {
  if (!isRecord(json)) return undefined;
  const { id, type, tenant, subject, occurredAt, recordedAt, cursor, redacted } = json;
  const isEvent =
    isText(id) &&
    isId('evt', id) &&
    isText(type) &&
    isEventType(type) &&
    typeof tenant === 'string' &&
    (subject === null || typeof subject === 'string') &&
    isTime(occurredAt) &&
    isTime(recordedAt) &&
    isText(cursor) &&
    'data' in json &&
    (redacted === undefined || (Array.isArray(redacted) && redacted.every((pointer) => typeof pointer === 'string')));
  return isEvent ? (json as unknown as EventView) : undefined;
}

/** An event that has its resource beside it. */
export function readLiveEvent(json: unknown): LiveEventView | undefined {
  const event = readEvent(json);
  if (!event || !('current' in event) || !isRecord(event.current)) return undefined;
  const { state, asOf } = event.current;
  const isCurrent = isTime(asOf) && (state === 'gone' || (state === 'found' && 'data' in event.current));
  return isCurrent ? (event as LiveEventView) : undefined;
}

export function readFeedPage(json: unknown): FeedPage | undefined {
  if (!isRecord(json) || !isText(json['cursor']) || typeof json['more'] !== 'boolean') return undefined;
  const events = readAll(json['events'], readEvent);
  return events && { events, cursor: json['cursor'], more: json['more'] };
}

/** One result for each id, in their order. */
export function readBatch(json: unknown, ids: readonly string[]): BatchResult[] | undefined {
  const results = isRecord(json) ? readAll(json['results'], readBatchResult) : undefined;
  return results?.length === ids.length && results.every(({ id }, index) => id === ids[index]) ? results : undefined;
}

function readBatchResult(json: unknown): BatchResult | undefined {
  if (!isRecord(json) || !isText(json['id'])) return undefined;
  const { id, status } = json;
  if (status === 200) {
    const event = readEvent(json['event']);
    return event?.id === id ? { id, status, event } : undefined;
  }
  const { problem } = json;
  if ((status !== 404 && status !== 410) || !isRecord(problem) || !isText(problem['type'])) return undefined;
  return { id, status, problem: problem as ProblemDetails };
}

export function readPosition(json: unknown): FeedPosition | undefined {
  if (!isRecord(json)) return undefined;
  const { head, fetched, acked, lag } = json;
  if (!isText(head) || !isText(fetched) || !isText(acked) || typeof lag !== 'number') return undefined;
  return { head, fetched, acked, lag };
}

export function readEventType(json: unknown): EventTypeView | undefined {
  return isRecord(json) && isText(json['name']) ? (json as unknown as EventTypeView) : undefined;
}

export function readListPage<Item>(
  json: unknown,
  read: (json: unknown) => Item | undefined,
): ListPage<Item> | undefined {
  if (!isRecord(json) || typeof json['more'] !== 'boolean') return undefined;
  const { cursor, more } = json;
  const items = readAll(json['items'], read);
  if (!items || !(cursor === null || isText(cursor))) return undefined;
  return { items, cursor, more };
}

function readAll<Item>(json: unknown, read: (json: unknown) => Item | undefined): Item[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const items: Item[] = [];
  for (const value of json) {
    const item = read(value);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
