import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Erasing } from '../../src/index.js';
import { PRODUCER_DATABASE } from '../../src/producer/signpost-options.js';
import type { ProducerDatabase } from '../../src/producer/producer-database.js';
import { DATABASES, freshDatabase, type FreshDatabase } from '../support/databases.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe, type Subscribed } from '../support/subscribed.js';
import { until } from '../support/until.js';

const CANARY = 'canary-of-anna-6e11';
const ANNA = { tenant: 'acme', subject: 'customer-anna' };

const BAD: [object, string][] = [
  [{ subject: 'x' }, '/tenant'],
  [{ tenant: 'acme' }, '/subject'],
  [{ tenant: 'acme', subject: null }, '/subject'],
  [{ tenant: 'acme', subject: '' }, '/subject'],
  [{ tenant: 'no tenant', subject: 'x' }, '/tenant'],
  [{ tenant: 'acme', subject: 'x', eventId: 'y' }, '/eventId'],
];

interface Page {
  events: { id: string; data: unknown }[];
}

describe.each(DATABASES)('an erasure, on %s', (database) => {
  const opened: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function start(options = {}, on: Parameters<typeof startProducer>[2] = database): Promise<ProducerApp> {
    const producer = await startProducer('fastify', { dispatch: false, ...options }, on);
    opened.push(producer);
    return producer;
  }

  async function receiver(producer: ProducerApp, options = {}): Promise<Subscribed> {
    const target = await startSignalReceiver();
    opened.push(target);
    return subscribe(producer, target.url, options);
  }

  const erase = (producer: ProducerApp, what: object = ANNA) => producer.admin('POST', '/erasures', what);

  it('takes every payload of the subject: 410 to the entitled, 404 to others, nothing in the feed, cached or not', async () => {
    const producer = await start();
    const mine = await receiver(producer);
    const narrow = await receiver(producer, { readable: ['other.*'] });
    const one = await publish(producer, { type: 'customer.changed', subject: ANNA.subject, data: CANARY });
    const two = await publish(producer, { type: 'order.placed', subject: ANNA.subject, data: { by: CANARY } });
    const kept = await publish(producer, { type: 'order.placed', subject: 'customer-bert', data: 'kept' });
    // Into the cache.
    expect((await mine.fetch(`/v1/events/${one.id}`)).text).toContain(CANARY);

    const answer = await erase(producer);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ ...ANNA, events: 2 });
    expect(String(answer.body.id)).toMatch(/^era_/);
    expect(answer.body.doneAt).not.toBeNull();

    for (const { id } of [one, two]) {
      const gone = await mine.fetch(`/v1/events/${id}`);
      expect([gone.status, gone.body.type]).toEqual([410, 'urn:signpost:problem:gone_erased']);
      expect((await mine.fetch(`/v1/events/${id}`, { accept: 'application/cloudevents+json' })).status).toBe(410);
      expect((await narrow.fetch(`/v1/events/${id}`)).status).toBe(404);
      expect((await producer.admin('GET', `/events/${id}`)).body).toMatchObject({ id, gone: 'erased' });
    }
    for (const accept of ['application/json', 'application/x-ndjson', 'application/cloudevents-batch+json']) {
      const { text } = await mine.fetch('/v1/events?ack=false', { accept });
      expect(text).toContain(kept.id);
      expect(text).not.toContain(one.id);
      expect(text).not.toContain(CANARY);
    }
    expect((await erase(producer)).body).toMatchObject({ events: 0 });
    expect((await mine.fetch<Page>('/v1/events')).body.events).toMatchObject([{ id: kept.id }]);
  });

  it('is not a reminder for ever: who was told that the payload is gone counts as having fetched it', async () => {
    const producer = await start();
    const mine = await receiver(producer);
    const { id } = await publish(producer, { type: 'a', subject: ANNA.subject, data: CANARY });
    await erase(producer);
    await mine.fetch(`/v1/events/${id}`);
    await mine.fetch('/v1/position');
    const { body } = await producer.admin<{ endpoints: { state: string }[] }>('GET', `/events/${id}`);
    expect(body.endpoints.map(({ state }) => state)).toEqual(['fetched']);
  });

  it('that was accepted is finished after a crash in between', async () => {
    const fresh = await freshDatabase(database);
    const shared: FreshDatabase = { options: fresh.options, drop: () => Promise.resolve() };
    opened.push({ close: fresh.drop });
    const producer = await startProducer('fastify', { dispatch: false }, shared);
    const mine = await receiver(producer);
    const events = Array.from({ length: 700 }, () => ({
      type: 'a',
      tenant: 'acme',
      subject: ANNA.subject,
      data: CANARY,
    }));
    await producer.admin('POST', '/events/batch', { events });
    // As a process leaves it that dies after the first batch.
    const { erasures } = producer.app.get<ProducerDatabase>(PRODUCER_DATABASE);
    const erasing = producer.app.get(Erasing);
    await erasing.stop();
    const half = await erasing.erase(ANNA.tenant, ANNA.subject);
    expect(half).toMatchObject({ events: 0, doneAt: null });
    expect(await erasures.eraseSome(half.id, 1)).toBe(true);
    await producer.close();

    const next = await start({}, shared);
    const again = next.app.get<ProducerDatabase>(PRODUCER_DATABASE).erasures;
    await until(async () => (await again.state(half.id))?.doneAt, 'the end of the erasure');
    expect((await again.state(half.id))?.events).toBe(700);
    const { text } = await next.call('GET', '/v1/events?limit=1000', {
      headers: { authorization: `Bearer ${mine.apiKey}` },
    });
    expect(JSON.parse(text)).toMatchObject({ events: [] });
  });

  it('takes the last body that a deletion event carried, too', async () => {
    const producer = await start();
    const mine = await receiver(producer);
    const { id } = await publish(producer, {
      type: 'customer.deleted',
      subject: ANNA.subject,
      data: { last: { name: CANARY, since: 2019 } },
    });
    // The thin delete is useful: what was deleted can be read although the resource is gone.
    expect((await mine.fetch(`/v1/events/${id}`)).body).toMatchObject({ data: { last: { since: 2019 } } });
    await erase(producer);
    expect((await mine.fetch(`/v1/events/${id}`)).status).toBe(410);
  });

  it('that is not well asked for is refused, and nothing is written', async () => {
    const producer = await start();
    for (const [what, pointer] of BAD) {
      const answer = await erase(producer, what);
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toMatchObject([{ pointer }]);
    }
    expect(await producer.app.get<ProducerDatabase>(PRODUCER_DATABASE).erasures.unfinished()).toEqual([]);
  });
});

describe('on SQLite, the bytes of erased payloads', () => {
  it('are in no file of the database afterwards, while the others’ are', async () => {
    const fresh = await freshDatabase('sqlite');
    const producer = await startProducer('fastify', { dispatch: false }, fresh);
    const { database } = fresh.options as { database: string };
    const found = async (canary: string) => {
      const names = await readdir(dirname(database));
      const files = await Promise.all(names.map((name) => readFile(join(dirname(database), name))));
      return names.filter((_, index) => files[index]?.includes(canary));
    };
    // On pages of their own, beside others', and over many pages; one published again and again.
    const sizes = [10, 300, 3_000, 20_000, 400_000];
    const events = Array.from({ length: 300 }, (_, n) => ({
      type: 'a',
      tenant: 'acme',
      subject: n % 3 === 0 ? ANNA.subject : 'bert',
      data: { text: `${n % 3 === 0 ? CANARY : 'canary-of-bert'}`.repeat(1 + (sizes[n % 5] ?? 0) / 40) },
    }));
    for (let from = 0; from < events.length; from += 50) {
      const answer = await producer.admin('POST', '/events/batch', { events: events.slice(from, from + 50) });
      expect(answer.status).toBe(201);
    }
    expect(await found(CANARY)).not.toEqual([]);
    const answer = await producer.admin('POST', '/erasures', ANNA);
    expect(answer.body).toMatchObject({ events: 100 });
    expect(await found(CANARY)).toEqual([]);
    expect(await found('canary-of-bert')).not.toEqual([]);
    await producer.close();
  });
});

describe('on PostgreSQL, with several nodes', () => {
  it('each drops its copies within a second of an erasure or a declaration by another one', async () => {
    const fresh = await freshDatabase('postgres');
    let time = 1_800_000_000_000;
    const shared: FreshDatabase = { options: fresh.options, drop: () => Promise.resolve() };
    const options = { dispatch: false as const, now: () => time };
    const [one, two] = [
      await startProducer('fastify', options, shared),
      await startProducer('express', options, shared),
    ];
    const mine = await subscribe(one, 'http://127.0.0.1:9/hook');
    const { id } = await publish(one, { type: 'a', subject: ANNA.subject, data: { email: CANARY } });
    const read = () => two.call('GET', `/v1/events/${id}`, { headers: { authorization: `Bearer ${mine.apiKey}` } });
    expect((await read()).text).toContain(CANARY);

    await one.admin('POST', '/event-types', { name: 'a', sensitiveFields: [{ pointer: '/email', scope: 'pii:read' }] });
    time += 1_000;
    expect((await read()).body).toMatchObject({ data: {}, redacted: ['/email'] });
    await one.admin('POST', '/erasures', ANNA);
    time += 1_000;
    expect((await read()).status).toBe(410);
    await one.close();
    await two.close();
    await fresh.drop();
  });
});
