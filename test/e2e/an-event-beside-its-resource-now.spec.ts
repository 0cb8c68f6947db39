import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Erasing } from '../../src/index.js';
import type { CurrentState, CurrentView, PolicyEvent, PolicyReceiver, SignpostOptions } from '../../src/index.js';
import { resolveOptions } from '../../src/producer/options-validation.js';
import { DATABASES } from '../support/databases.js';
import { startProducer, TEST_MASTER_KEY, type ProducerApp } from '../support/producer-app.js';
import { publish, subscribe, type Subscribed } from '../support/subscribed.js';

const SECRET = 'canary-resource-19d4';
const NOW = 1_800_000_000_000;

interface Live {
  data: unknown;
  redacted?: string[];
  current?: Record<string, unknown>;
  errors?: { pointer: string; message: string }[];
}

describe.each(DATABASES)('the live view, on %s', (database) => {
  let producer: ProducerApp;
  let mine: Subscribed;
  let answer: (event: PolicyEvent, receiver: PolicyReceiver) => unknown;
  let canRead: (event: PolicyEvent) => boolean;

  beforeEach(async () => {
    answer = () => ({ data: { total: '1.00' }, version: 7 });
    canRead = () => true;
    const options: Partial<SignpostOptions> = {
      dispatch: false,
      now: () => NOW,
      currentViewTimeoutMs: 500,
      policy: { canRead: (event) => canRead(event) },
      currentViews: [
        { types: ['*'], resolve: () => ({ data: 'any' }) },
        { types: ['invoice.*', 'order'], resolve: () => ({ data: 'below invoice' }) },
        {
          types: ['invoice.paid'],
          retryAfterMs: 2_500,
          resolve: (...asked) => answer(asked[0], asked[1]) as CurrentState,
        },
      ],
    };
    producer = await startProducer('fastify', options, database);
    mine = await subscribe(producer, 'http://127.0.0.1:9/hook');
    Logger.overrideLogger(false);
  });
  afterEach(() => producer.close());

  const live = (id: string, headers = {}) => mine.fetch<Live>(`/v1/events/${id}?view=current`, headers);
  const invoice = (data: unknown = { total: '1' }, type = 'invoice.paid') =>
    publish(producer, { type, subject: 'INV-1', data });

  it('has the resource as it is now beside the immutable snapshot, clearly marked, and nobody may keep it', async () => {
    const { id } = await invoice();
    const asked: unknown[] = [];
    answer = (event, receiver) => {
      asked.push([event.id, event.subject, event.data, receiver.id]);
      return { data: { total: '2.00' }, version: 'v7' };
    };
    const { status, body, headers } = await live(id);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, data: { total: '1' } });
    expect(body.current).toEqual({
      state: 'found',
      asOf: new Date(NOW).toISOString(),
      version: 'v7',
      data: { total: '2.00' },
    });
    expect(asked).toEqual([[id, 'INV-1', { total: '1' }, mine.receiver]]);
    expect(headers.get('cache-control')).toBe('private, no-store');
    expect(headers.get('vary')).toBe('Authorization, Accept');
    expect(headers.get('etag')).toBeNull();

    const snapshot = await mine.fetch<Live>(`/v1/events/${id}`);
    expect(snapshot.body).not.toHaveProperty('current');
    expect((await live(id, { 'if-none-match': snapshot.headers.get('etag') ?? '' })).status).toBe(200);
  });

  it('is answered by the resolver of the most specific pattern', async () => {
    const answers = [];
    for (const type of ['invoice.paid', 'invoice.line.added', 'order', 'invoice']) {
      answers.push((await live((await invoice(1, type)).id)).body.current?.data);
    }
    expect(answers).toEqual([{ total: '1.00' }, 'below invoice', 'below invoice', 'any']);
  });

  it('says of what is no longer there that it is gone', async () => {
    const { id } = await invoice();
    answer = () => 'gone';
    const { status, body } = await live(id);
    expect(status).toBe(200);
    expect(body.current).toEqual({ state: 'gone', asOf: new Date(NOW).toISOString() });
  });

  it('answers 425 rather than stale data, which does not count as fetched', async () => {
    const { id } = await invoice();
    answer = () => 'not-yet';
    const { status, body, headers, text } = await live(id);
    expect(status).toBe(425);
    expect(body).toMatchObject({ type: 'urn:signpost:problem:too_early' });
    expect(headers.get('retry-after')).toBe('3');
    expect(text).not.toContain('total');
    await mine.fetch('/v1/position');
    const { body: event } = await producer.admin<{ endpoints: { state: string }[] }>('GET', `/events/${id}`);
    expect(event.endpoints.map(({ state }) => state)).toEqual(['waiting']);
  });

  it('keeps the sensitive fields of the type, and what the policy says, for the resource as well', async () => {
    await producer.admin('POST', '/event-types', {
      name: 'invoice.paid',
      sensitiveFields: [{ pointer: '/email', scope: 'pii:read' }],
    });
    const { id } = await invoice({ email: SECRET, n: 1 });
    answer = () => ({ data: { n: 2, email: SECRET } });
    const redacted = await live(id);
    expect(redacted.body).toMatchObject({
      data: { n: 1 },
      redacted: ['/email'],
      current: { data: { n: 2 }, redacted: ['/email'] },
    });
    expect(redacted.text).not.toContain(SECRET);

    canRead = ({ view, data }) => view === 'snapshot' || (data as { n: number }).n !== 2;
    expect((await live(id)).status).toBe(404);
    canRead = () => false;
    answer = () => {
      throw new Error('asked although the event may not be read');
    };
    const [denied, unknown] = [await live(id), await live('evt_00000000000000000000000000')];
    expect([denied.status, denied.text]).toEqual([404, unknown.text]);
  });

  it('of an erased event is 410, and the resolver is not asked', async () => {
    const { id } = await invoice(SECRET);
    await producer.admin('POST', '/erasures', { tenant: 'acme', subject: 'INV-1' });
    answer = () => ({ data: SECRET });
    const { status, text } = await live(id);
    expect(status).toBe(410);
    expect(text).not.toContain(SECRET);
  });

  it('of an event that is erased while the resolver looks is 410', async () => {
    const { id } = await invoice(SECRET);
    answer = async () => {
      await producer.app.get(Erasing).erase('acme', 'INV-1');
      return { data: 1 };
    };
    const { status, text } = await live(id);
    expect(status).toBe(410);
    expect(text).not.toContain(SECRET);
  });

  it('of a resolver that fails is 503 without details', async () => {
    const { id } = await invoice();
    for (const fails of [
      () => {
        throw new Error(SECRET);
      },
      () => Promise.reject(new Error(SECRET)),
      () => new Promise(() => undefined),
      () => undefined,
      () => ({ version: 1 }),
      () => ({ data: Number.NaN }),
      () => ({ data: 1n }),
      () => ({ data: undefined }),
      () => ({ data: 1, version: {} }),
      () => 'soon',
    ]) {
      answer = fails;
      const { status, text, headers } = await live(id);
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('"data"');
    }
  });

  it('is JSON only, and a query that is not known is refused', async () => {
    const { id } = await invoice();
    expect((await live(id, { accept: 'application/cloudevents+json' })).status).toBe(406);
    for (const [query, pointer] of [
      ['view=latest', '/view'],
      ['view=', '/view'],
      ['view=current&view=current', '/view'],
      ['views=current', '/views'],
    ]) {
      const { status, body } = await mine.fetch<Live>(`/v1/events/${id}?${query}`);
      expect([status, body.errors?.[0]?.pointer]).toEqual([400, pointer]);
    }
    expect((await mine.fetch(`/v1/events/${id}?`)).status).toBe(200);
  });
});

describe('without resolvers', () => {
  it('the live view is refused by name, to whoever may read the event', async () => {
    const producer = await startProducer('express', { dispatch: false });
    const mine = await subscribe(producer, 'http://127.0.0.1:9/hook', { readable: ['invoice.*'] });
    const { id } = await publish(producer, { type: 'invoice.paid' });
    const { status, body } = await mine.fetch<Live>(`/v1/events/${id}?view=current`);
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { pointer: '/view', message: 'has no current for events of the type invoice.paid; leave view out' },
    ]);
    const other = await publish(producer, { type: 'secret.thing' });
    expect((await mine.fetch(`/v1/events/${other.id}?view=current`)).status).toBe(404);
    await producer.close();
  });
});

describe('resolvers that cannot work', () => {
  const resolve = () => ({ data: 1 });
  it.each<[CurrentView[], RegExp]>([
    [
      [
        { types: ['a.*'], resolve },
        { types: ['b', 'a.*'], resolve },
      ],
      /currentViews\[1\]\.types names a\.\*/,
    ],
    [[{ types: ['a b'], resolve }], /currentViews\[0\]\.types must hold event types/],
    [[{ types: [], resolve }], /currentViews\[0\]\.types must name at least one/],
    [[{ types: ['a'] } as unknown as CurrentView], /currentViews\[0\] must have a method resolve/],
    [[{ types: ['a'], resolve, retryAfterMs: 0 }], /currentViews\[0\]\.retryAfterMs must be a number above 0/],
  ])('stop the start', (currentViews, message) => {
    expect(() => resolveOptions({ masterKey: TEST_MASTER_KEY, currentViews })).toThrow(message);
  });
});
