import { describe, expect, it } from '@jest/globals';
import {
  ClientClosedError,
  CursorExpiredError,
  type EventOf,
  type EventOfType,
  type EventView,
  type OtherEvent,
  SignpostClient,
  UnauthorizedError,
  UnavailableError,
} from '../../../src/receiver/client/index.js';
import { until } from '../../support/until.js';
import {
  type Answer,
  API_KEY,
  clientOf,
  event,
  type ProducerServer,
  page,
  problemAnswer,
  rejection,
  startProducer,
} from './producer-server.js';

const afters = ({ seen }: ProducerServer): (string | undefined)[] => seen.map(({ query }) => query['after']);
const never: Answer = () => undefined;

describe('reading event by event', () => {
  it('asks for the next page only when an event is asked for that is not on this one', async () => {
    const producer = await startProducer(page([event(1), event(2)], 'c2', true), page([event(3)], 'c3', true), never);
    const { client } = clientOf(producer.url);
    const events = client.events({ after: 'c0' });
    expect(producer.seen).toEqual([]);
    expect((await events.next()).value?.cursor).toBe('c1');
    expect((await events.next()).value?.cursor).toBe('c2');
    // The second event is out, and perhaps not stored yet: its cursor must not have been said.
    expect(afters(producer)).toEqual(['c0']);
    expect((await events.next()).value?.cursor).toBe('c3');
    expect(afters(producer)).toEqual(['c0', 'c2']);
    await events.return(undefined);
    expect(afters(producer)).toEqual(['c0', 'c2']);
  });

  it('that stops in the middle of a page has not acknowledged it', async () => {
    const producer = await startProducer(page([event(1), event(2)], 'c2', true));
    for await (const { cursor } of clientOf(producer.url).client.events()) if (cursor === 'c2') break;
    expect(afters(producer)).toEqual([undefined]);
  });

  it('to the head ends there, with the last page acknowledged', async () => {
    const producer = await startProducer(page([event(1)], 'c1', false), page([], 'c1', false));
    const cursors: string[] = [];
    for await (const { cursor } of clientOf(producer.url).client.events({ follow: false })) cursors.push(cursor);
    expect(cursors).toEqual(['c1']);
    expect(afters(producer)).toEqual([undefined, 'c1']);
    expect(producer.seen[0]?.query['wait']).toBeUndefined();
  });

  it('goes on over pages that are empty, though there is more', async () => {
    const producer = await startProducer(page([], 'c5', true), page([event(9)], 'c9', false), page([], 'c9', false));
    const { client, slept } = clientOf(producer.url);
    const cursors: string[] = [];
    for await (const { cursor } of client.events({ follow: false, types: ['a'], limit: 5, ack: false }))
      cursors.push(cursor);
    expect(cursors).toEqual(['c9']);
    expect(slept).toEqual([]);
    for (const { query } of producer.seen) expect(query).toMatchObject({ types: 'a', limit: '5', ack: 'false' });
  });
});

describe('following the feed', () => {
  it('waits at the head for what comes', async () => {
    const producer = await startProducer(page([], 'c0', false), page([event(1)], 'c1', false), never);
    const events = clientOf(producer.url).client.events({ waitSeconds: 25 });
    expect((await events.next()).value?.cursor).toBe('c1');
    expect(producer.seen.map(({ query }) => query)).toEqual([{ wait: '25' }, { wait: '25', after: 'c0' }]);
  });

  it('does not run hot at a producer that answers at once, though there is nothing', async () => {
    const producer = await startProducer(page([], 'c0', false), page([], 'c0', false), page([event(1)], 'c1', false));
    const now = Date.now();
    const { client, slept } = clientOf(producer.url, { now: () => now });
    await client.events().next();
    expect(slept).toEqual([1_000, 1_000]);
  });

  it('ends when its signal aborts: at the head, in the middle of a page, and before it began', async () => {
    const producer = await startProducer(page([event(1), event(2)], 'c2', false), never);
    const { client } = clientOf(producer.url);
    const atHead = new AbortController();
    const events = client.events({ signal: atHead.signal });
    await events.next();
    await events.next();
    const end = events.next();
    await until(() => producer.seen.length === 2, 'the long poll');
    atHead.abort();
    expect(await end).toEqual({ done: true, value: undefined });

    producer.answers.unshift(page([event(1), event(2)], 'c2', false));
    const inPage = new AbortController();
    const cursors: string[] = [];
    for await (const { cursor } of client.events({ signal: inPage.signal })) {
      cursors.push(cursor);
      inPage.abort();
    }
    expect(cursors).toEqual(['c1']);
    expect(await client.events({ signal: AbortSignal.abort() }).next()).toMatchObject({ done: true });
  });

  it('fails when the client is closed', async () => {
    const producer = await startProducer(never);
    const { client } = clientOf(producer.url);
    const next = rejection(client.events().next());
    await until(() => producer.seen.length === 1, 'the long poll');
    await client.close();
    expect(await next).toBeInstanceOf(ClientClosedError);
  });

  it('outlives an outage, and says so', async () => {
    const down = problemAnswer(503, 'unavailable');
    const producer = await startProducer(
      page([event(1)], 'c1', false),
      down,
      down,
      down,
      page([event(2)], 'c2', false),
    );
    const { client, slept } = clientOf(producer.url, { tries: 1 });
    const told: unknown[] = [];
    const events = client.events({ onUnavailable: (error) => told.push(error) });
    expect((await events.next()).value?.cursor).toBe('c1');
    expect((await events.next()).value?.cursor).toBe('c2');
    expect(afters(producer)).toEqual([undefined, 'c1', 'c1', 'c1', 'c1']);
    expect(told.map((error) => error instanceof UnavailableError)).toEqual([true, true, true]);
    expect(slept).toEqual([10_000, 20_000, 40_000]);
  });

  it('fails when the producer was never there, or when it is read to its head only', async () => {
    const down = problemAnswer(503, 'unavailable');
    const producer = await startProducer(down);
    const { client } = clientOf(producer.url);
    expect(await rejection(client.events().next())).toBeInstanceOf(UnavailableError);
    producer.answers = [page([event(1)], 'c1', false), down];
    const events = client.events({ follow: false });
    await events.next();
    expect(await rejection(events.next())).toBeInstanceOf(UnavailableError);
  });

  it.each([
    ['an expired cursor', problemAnswer(410, 'cursor_expired', { oldest: 'c7' }), CursorExpiredError],
    ['a revoked credential', problemAnswer(401, 'unauthorized'), UnauthorizedError],
  ])('fails with %s', async (_what, answer, errorClass) => {
    const producer = await startProducer(page([event(1)], 'c1', false), answer);
    const events = clientOf(producer.url).client.events();
    await events.next();
    expect(await rejection(events.next())).toBeInstanceOf(errorClass);
  });
});

describe('reading page by page', () => {
  it('gives each place to store, with its events, and leaves out what brings neither', async () => {
    const producer = await startProducer(
      page([event(1)], 'c2', false),
      page([], 'c2', false),
      page([], 'c4', false),
      page([event(5)], 'c5', false),
      never,
    );
    const places: [number, string][] = [];
    for await (const { events, cursor } of clientOf(producer.url).client.pages({ after: 'c0' })) {
      places.push([events.length, cursor]);
      if (cursor === 'c5') break;
    }
    expect(places).toEqual([
      [1, 'c2'],
      [0, 'c4'],
      [1, 'c5'],
    ]);
  });
});

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the value's type is exactly this one. */
const exactly =
  <Expected>() =>
  <Actual>(...checked: [value: Actual, claim: Same<Actual, Expected>]): number =>
    checked.length;

interface Invoice {
  number: string;
}

interface Billing {
  'invoice.paid': Invoice;
  'invoice.void': null;
}

/** Never called: its types are the test. */
async function types(client: SignpostClient<Billing>, plain: SignpostClient): Promise<void> {
  for await (const one of client.events()) {
    exactly<EventOf<Billing>>()(one, true);
    if (one.type === 'invoice.paid') exactly<EventOfType<Billing, 'invoice.paid'>>()(one, true);
    switch (one.type) {
      case 'invoice.paid':
        exactly<Invoice>()(one.data, true);
        break;
      case 'invoice.void':
        exactly<null>()(one.data, true);
        break;
      default:
        exactly<OtherEvent>()(one, true);
        exactly<unknown>()(one.data, true);
    }
  }
  const typed = await client.getEvent<EventView<Invoice>>('evt');
  exactly<Invoice>()(typed.data, true);
  const [first] = await client.getEvents([]);
  if (first?.status === 200) exactly<EventOf<Billing>>()(first.event, true);
  else if (first) exactly<404 | 410>()(first.status, true);
  const { events } = await plain.page();
  exactly<EventView[]>()(events, true);
}

describe('an event map', () => {
  it('tells events apart by their type', async () => {
    expect(types).toBeInstanceOf(Function);
    const producer = await startProducer(
      page([event(1, { data: { number: 'INV-1' } }), event(2, { type: 'else' })], 'c2', false),
    );
    const client = new SignpostClient<Billing>({ url: producer.url, apiKey: API_KEY });
    const numbers: (string | undefined)[] = [];
    for await (const one of client.events()) {
      numbers.push(one.type === 'invoice.paid' ? one.data.number : undefined);
      if (numbers.length === 2) break;
    }
    await client.close();
    expect(numbers).toEqual(['INV-1', undefined]);
  });
});
