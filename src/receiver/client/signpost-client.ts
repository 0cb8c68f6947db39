import type { CurrentResource, EventView } from '../../protocol/event.js';
import { isEventType } from '../../protocol/event-type.js';
import { isId } from '../../protocol/ids.js';
import {
  type BatchResult,
  type EventTypeView,
  type FeedPage,
  type FeedPosition,
  readBatch,
  readEvent,
  readEventType,
  readFeedPage,
  readLiveEvent,
  readPosition,
} from './answers.js';
import { ApiCalls } from './api-calls.js';
import type { SignpostClientOptions } from './client-options.js';
import { EndpointsApi } from './endpoints-api.js';
import { InvalidArgumentError, ResponseTooLargeError, UnexpectedAnswerError } from './errors.js';
import { feedPages, type FollowQuery } from './feed-pages.js';
import { feedParameters, type PageQuery } from './feed-query.js';
import { listAll } from './list-pages.js';
import type { EventOf } from './typed-event.js';

/** What the fetch API takes at once. */
const LARGEST_BATCH = 100;
const LARGEST_ACK = 1_000;

/** What every call takes. */
export interface CallOptions {
  /** Breaks the call off: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads a producer's events, with the receiver's own credential.
 *
 * Everything is delivered at least once: tell repeats by the event's `id`. Asking for what comes after a cursor acknowledges everything up to
 * it, so store what you have before you ask for more; the iterators ask when you do.
 *
 * Calls reject with a `SignpostClientError` whose `code` and class say what to do, or with the reason of the signal that aborted them. All but
 * `endpoints.create` and `endpoints.test` may be repeated safely, and are, when the producer is unavailable or asks for time.
 *
 * With an event map, `new SignpostClient<{ 'invoice.paid': Invoice }>(…)`, `type` tells the events apart.
 */
export class SignpostClient<Events extends object = Record<string, unknown>> {
  /** The receiver's own endpoints: make, look at, change, test, delete them. */
  readonly endpoints: EndpointsApi;
  private readonly calls: ApiCalls;

  /** Connects to nothing yet. @throws InvalidArgumentError */
  constructor(options: SignpostClientOptions) {
    this.calls = new ApiCalls(options);
    this.endpoints = new EndpointsApi(this.calls);
  }

  /**
   * One event. It counts as fetched. Name the type if you know it: `getEvent<EventView<Invoice>>(id)`; nobody checks it.
   *
   * @throws EventNotFoundError unknown, or not for this credential; EventGoneError erased or expired
   */
  getEvent<Event extends EventView = EventOf<Events>>(id: string, options?: CallOptions): Promise<Event>;
  /**
   * One event beside its resource as it is now: `event.current`. For types whose producer can tell it; others are a `BadRequestError`.
   *
   * @throws TooEarlyError the producer cannot see the change yet, however often it was asked; else as for the event alone
   */
  getEvent<Event extends EventView = EventOf<Events>>(
    id: string,
    options: CallOptions & { view: 'current' },
  ): Promise<Event & { current: CurrentResource<Event['data']> }>;
  async getEvent(id: string, { signal, view }: CallOptions & { view?: 'current' } = {}): Promise<EventView> {
    if (!isId('evt', id)) throw new InvalidArgumentError('id', 'is no event id: evt_ and 26 characters');
    return this.calls.call({
      name: 'GET /v1/events/{id}',
      method: 'GET',
      path: `/v1/events/${id}`,
      ...(view === undefined ? {} : { query: new URLSearchParams({ view }) }),
      expected: 200,
      maxBytes: this.calls.tuning.maxEventBytes,
      eventId: id,
      signal,
      read: (json) => {
        const event = view === undefined ? readEvent(json) : readLiveEvent(json);
        return event?.id === id ? event : undefined;
      },
    });
  }

  /** Any number of events, such as those of a signal, one result for each id in their order. They count as fetched. */
  async getEvents(ids: readonly string[], options: CallOptions = {}): Promise<BatchResult<EventOf<Events>>[]> {
    const results: BatchResult[] = [];
    for (const batch of inParts(ids, LARGEST_BATCH)) results.push(...(await this.batch(batch, options)));
    return results as BatchResult<EventOf<Events>>[];
  }

  /**
   * One page of the feed. With `after`, it acknowledges everything up to that cursor, unless `ack` is false.
   *
   * @throws CursorExpiredError events were missed: the receiver was away for longer than the producer keeps them
   */
  async page(query: PageQuery = {}): Promise<FeedPage<EventOf<Events>>> {
    const { after, waitSeconds = 0, signal } = query;
    const page = await this.calls.call({
      name: 'GET /v1/events',
      method: 'GET',
      path: '/v1/events',
      query: feedParameters(query),
      expected: 200,
      maxBytes: this.calls.tuning.maxPageBytes,
      waitMs: waitSeconds * 1_000,
      signal,
      read: readFeedPage,
    });
    // Whoever reads on would ask the same for ever.
    if (page.more && page.events.length === 0 && page.cursor === after) {
      throw new UnexpectedAnswerError('GET /v1/events: there is more, says the answer, but its cursor does not move', {
        status: 200,
      });
    }
    return page as FeedPage<EventOf<Events>>;
  }

  /**
   * The feed page by page, following it for ever, unless `follow` is false. Store a page together with its cursor before you ask for the next
   * one: that acknowledges it. Ends when `signal` aborts.
   */
  pages(query: FollowQuery = {}): AsyncGenerator<FeedPage<EventOf<Events>>, void, undefined> {
    return feedPages(this.calls, (pageQuery) => this.page(pageQuery), query);
  }

  /**
   * The feed event by event, in log order, following it for ever, unless `follow` is false. An event is acknowledged when you ask for one that
   * is not on its page, so an event that was handled, but stood on the page that you stopped at, comes again: at least once. Go on later
   * with the `cursor` of the last event that you finished. Ends when `signal` aborts.
   */
  async *events(query: FollowQuery = {}): AsyncGenerator<EventOf<Events>, void, undefined> {
    for await (const page of this.pages(query)) {
      for (const event of page.events) {
        if (query.signal?.aborted) return;
        yield event;
      }
    }
  }

  /**
   * Says that events are stored for good: everything up to a cursor, or single events, whatever lies between them. Resolves once the
   * producer has noted it.
   */
  async ack(what: { through: string } | { ids: readonly string[] }, options: CallOptions = {}): Promise<void> {
    if ('through' in what) return this.sendAck({ through: what.through }, options);
    for (const ids of inParts(what.ids, LARGEST_ACK)) await this.sendAck({ ids }, options);
  }

  /** Where this receiver stands in the log. */
  position({ signal }: CallOptions = {}): Promise<FeedPosition> {
    return this.calls.call({
      name: 'GET /v1/position',
      method: 'GET',
      path: '/v1/position',
      expected: 200,
      maxBytes: this.calls.tuning.maxEventBytes,
      signal,
      read: readPosition,
    });
  }

  /** The catalogue, as far as this credential may read the events. */
  eventTypes({ signal }: CallOptions = {}): Promise<EventTypeView[]> {
    return listAll(this.calls, '/v1/event-types', readEventType, signal);
  }

  /** One type of the catalogue. @throws NotFoundError */
  async eventType(name: string, { signal }: CallOptions = {}): Promise<EventTypeView> {
    if (!isEventType(name)) throw new InvalidArgumentError('name', 'is no event type, such as invoice.paid');
    return this.calls.call({
      name: 'GET /v1/event-types/{type}',
      method: 'GET',
      path: `/v1/event-types/${name}`,
      expected: 200,
      maxBytes: this.calls.tuning.maxEventBytes,
      signal,
      read: readEventType,
    });
  }

  /** Breaks off what is under way, which rejects with `ClientClosedError`, and closes the connections. */
  close(): Promise<void> {
    return this.calls.close();
  }

  private async batch(ids: readonly string[], options: CallOptions): Promise<BatchResult[]> {
    try {
      return await this.calls.call({
        name: 'POST /v1/events/batch',
        method: 'POST',
        path: '/v1/events/batch',
        body: { ids },
        expected: 200,
        maxBytes: this.calls.tuning.maxPageBytes,
        signal: options.signal,
        read: (json) => readBatch(json, ids),
      });
    } catch (error) {
      // A hundred of the largest events are over any sensible limit, though each of them is not.
      if (!(error instanceof ResponseTooLargeError) || ids.length === 1) throw error;
      const half = Math.ceil(ids.length / 2);
      return [...(await this.batch(ids.slice(0, half), options)), ...(await this.batch(ids.slice(half), options))];
    }
  }

  private async sendAck(
    body: { through: string } | { ids: readonly string[] },
    { signal }: CallOptions,
  ): Promise<void> {
    await this.calls.call({
      name: 'POST /v1/acks',
      method: 'POST',
      path: '/v1/acks',
      body,
      expected: 204,
      maxBytes: this.calls.tuning.maxEventBytes,
      signal,
      read: () => true,
    });
  }
}

function* inParts(ids: readonly string[], size: number): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += size) yield ids.slice(from, from + size);
}
