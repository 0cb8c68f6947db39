import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { freePort } from '../package/readme-project.js';
import { type Database } from '../support/databases.js';
import { receiverOfItsOwn } from '../support/own-endpoints.js';
import { startProducer } from '../support/producer-app.js';
import { type ReceiverApp, type ReceiverAppSettings, startReceiverApp } from '../support/receiver-app.js';
import { publish } from '../support/subscribed.js';
import { until } from '../support/until.js';

interface Endpoint {
  id: string;
  state: string;
  url: string;
  eventTypes: string[];
  description: string | null;
}

/** A producer as the receiver's tests see it: the fake one, or a real one on either database. */
interface Producing {
  url: string;
  apiKey: string;
  /** A key without the scope `endpoints:write`; a second one that has it. */
  keys: { read: string; second: string } | undefined;
  publish(type: string): Promise<string>;
  endpoints(): Promise<Endpoint[]>;
  /** Of one endpoint, oldest first: kind and status of each attempt. */
  attempts(id: string): Promise<string[]>;
  remove(id: string): Promise<unknown>;
  close(): Promise<void>;
}

const PRODUCERS: Record<string, () => Promise<Producing>> = {
  'the fake producer': startFake,
  'a producer on sqlite': () => startReal('sqlite'),
  'a producer on postgres': () => startReal('postgres'),
};

async function startFake(): Promise<Producing> {
  const fake = await FakeProducer.start();
  const headers = { authorization: `Bearer ${fake.apiKey}` };
  return {
    url: fake.url,
    apiKey: fake.apiKey,
    keys: undefined,
    publish: async (type) => (await fake.publish({ type })).id,
    endpoints: () => Promise.resolve(fake.endpoints),
    attempts: (id) => attemptsOf(fake.url, fake.apiKey, id),
    remove: (id) => fetch(`${fake.url}/v1/endpoints/${id}`, { method: 'DELETE', headers }),
    close: () => fake.close(),
  };
}

async function startReal(database: Database): Promise<Producing> {
  const dispatch = { retrySchedule: [50], pollIntervalMs: 50 };
  const producer = await startProducer('fastify', { dispatch }, database);
  const { receiver, keys } = await receiverOfItsOwn(producer);
  const credential = { name: 'second', scopes: ['events:read', 'endpoints:write'] };
  const second = await producer.admin('POST', `/receivers/${receiver}/credentials`, credential);
  return {
    url: producer.url,
    apiKey: keys.write,
    keys: { read: keys.read, second: String(second.body.apiKey) },
    publish: async (type) => (await publish(producer, { type })).id,
    endpoints: async () =>
      (await producer.admin<{ items: Endpoint[] }>('GET', `/receivers/${receiver}/endpoints`)).body.items,
    attempts: (id) => attemptsOf(producer.url, keys.write, id),
    remove: (id) => producer.admin('DELETE', `/endpoints/${id}`),
    close: () => producer.close(),
  };
}

async function attemptsOf(url: string, apiKey: string, id: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/endpoints/${id}/signals`, { headers: { authorization: `Bearer ${apiKey}` } });
  const { items } = (await answer.json()) as { items: { kind: string; status: number | null }[] };
  return items.map(({ kind, status }) => `${kind} ${status}`).reverse();
}

describe.each(Object.entries(PRODUCERS))('a receiver that registers its endpoint with %s', (_, startProducing) => {
  let producer: Producing;
  let directory: string;
  let port: number;
  let receiver: ReceiverApp | undefined;

  beforeEach(async () => {
    [producer, directory, port] = await Promise.all([
      startProducing(),
      mkdtemp(join(tmpdir(), 'signpost-register-')),
      freePort(),
    ]);
  });
  afterEach(async () => {
    await receiver?.close();
    receiver = undefined;
    await producer.close();
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (over: Partial<ReceiverAppSettings> = {}, path = 'signals'): Promise<ReceiverApp> => {
    await receiver?.close();
    receiver = await startReceiverApp({
      port,
      path,
      file: join(directory, 'receiver.db'),
      producer: { url: producer.url, apiKey: producer.apiKey },
      register: { url: `http://127.0.0.1:${port}/${path}`, eventTypes: ['order.*'] },
      // Signals alone wake it.
      drain: { intervalMs: 3_600_000 },
      ...over,
    });
    return receiver;
  };
  const active = () =>
    until(async () => {
      const [endpoint, ...others] = await producer.endpoints();
      return others.length === 0 && endpoint?.state === 'active' ? endpoint : undefined;
    }, 'one active endpoint');
  const handled = async (type = 'order.placed') => {
    const id = await producer.publish(type);
    await until(async () => (await receiver?.effects())?.includes(id), `${type} to be handled`);
  };

  it('makes it, repeats the challenge by its own route, and gets a signal and the event', async () => {
    await start();
    const endpoint = await active();
    expect(endpoint).toMatchObject({ eventTypes: ['order.*'], description: 'Signpost receiver default' });
    await handled();
    const attempts = await producer.attempts(endpoint.id);
    const proved = attempts.indexOf('verification 200');
    expect(proved).toBeGreaterThanOrEqual(0);
    // What came before the secret was stored was answered that it is too early.
    expect(new Set(attempts.slice(0, proved))).toEqual(new Set(proved > 0 ? ['verification 503'] : []));
    expect(attempts[proved + 1]).toBe('events 202');
  });

  it('makes no second one when it starts again', async () => {
    await start();
    const { id } = await active();
    await start();
    await handled();
    expect((await producer.endpoints()).map((endpoint) => endpoint.id)).toEqual([id]);
  });

  it('has another URL verified before it is signalled there', async () => {
    await start();
    const { id } = await active();
    await handled();
    const before = (await producer.attempts(id)).length;
    await start({}, 'elsewhere');
    await until(async () => (await producer.attempts(id)).slice(before).includes('verification 200'), 'the proof');
    await handled();
    expect(await active()).toMatchObject({ id, url: `http://127.0.0.1:${port}/elsewhere` });
    const [first] = (await producer.attempts(id)).slice(before);
    expect(first).toMatch(/^verification/);
  });

  it('is not asked again when it only wants other events', async () => {
    await start();
    const { id } = await active();
    await handled();
    const before = (await producer.attempts(id)).length;
    await start({ register: { url: `http://127.0.0.1:${port}/signals`, eventTypes: ['order.*', 'invoice.*'] } });
    await until(async () => (await producer.endpoints())[0]?.eventTypes.length === 2, 'the change');
    await handled('invoice.paid');
    expect((await producer.attempts(id)).slice(before)).not.toContain('verification 200');
  });

  it('makes it anew when it was deleted at the producer', async () => {
    await start();
    const { id } = await active();
    await producer.remove(id);
    await start();
    expect((await active()).id).not.toBe(id);
    await handled();
  });

  it('has a new secret made when its credential was replaced', async () => {
    if (!producer.keys) return;
    await start();
    const { id } = await active();
    await handled();
    await start({ producer: { url: producer.url, apiKey: producer.keys.second } });
    await handled();
    expect((await active()).id).toBe(id);
  });

  it('says what its credential lacks, and goes on reading', async () => {
    if (!producer.keys) return;
    const lines: string[] = [];
    const { overrideLogger } = Logger;
    await producer.publish('order.placed');
    const { effects } = await start({
      producer: { url: producer.url, apiKey: producer.keys.read },
      instrument: () =>
        Logger.overrideLogger({
          log: () => undefined,
          warn: () => undefined,
          error: (line: unknown) => void lines.push(String(line)),
        }),
    });
    await until(() => lines.length > 0, 'the hint');
    overrideLogger.call(Logger, false);
    expect(lines).toEqual([expect.stringContaining('its credential lacks the scope endpoints:write')]);
    await until(async () => (await effects()).length === 1, 'the event');
    expect(await producer.endpoints()).toEqual([]);
  });
});
