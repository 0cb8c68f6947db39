import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { freePort } from '../package/readme-project.js';
import { closeApp } from '../support/close-app.js';
import { type ReceiverApp, type ReceiverAppSettings, startReceiverApp } from '../support/receiver-app.js';
import { until } from '../support/until.js';

let producer: FakeProducer;
let directory: string;
let port: number;
let receiver: ReceiverApp | undefined;

beforeEach(async () => {
  producer = await FakeProducer.start();
  directory = await mkdtemp(join(tmpdir(), 'signpost-register-'));
  port = await freePort();
});
afterEach(async () => {
  await stop();
  await producer.close();
  await rm(directory, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  await receiver?.close();
  receiver = undefined;
}

async function start(over: Partial<ReceiverAppSettings> = {}): Promise<ReceiverApp> {
  await stop();
  receiver = await startReceiverApp({
    port,
    file: join(directory, 'receiver.db'),
    producer: { url: producer.url, apiKey: producer.apiKey },
    register: { url: `http://127.0.0.1:${port}/signals`, eventTypes: ['order.*'] },
    drain: { intervalMs: 3_600_000 },
    ...over,
  });
  return receiver;
}

const calls = (method: string) =>
  producer.requests.filter((seen) => seen.method === method && seen.path.startsWith('/v1/endpoints'));
/** A signal is good once the secret is known. */
async function signalArrives(): Promise<void> {
  const good = async () => {
    const before = producer.sentSignals.length;
    await producer.publish({ type: 'order.placed' });
    return producer.sentSignals.slice(before).some(({ type, status }) => type === 'events.available' && status === 202);
  };
  await until(good, 'a signal is taken');
}

describe('a receiver that registers its endpoint', () => {
  it('makes it once, keeps the secret, and takes its signals', async () => {
    await start();
    await until(() => producer.endpoints.length === 1, 'the endpoint');
    expect(producer.endpoints).toMatchObject([{ eventTypes: ['order.*'], description: 'Signpost receiver default' }]);
    await signalArrives();
    await start();
    await signalArrives();
    expect(producer.endpoints).toHaveLength(1);
    expect(calls('POST').filter(({ path }) => path === '/v1/endpoints')).toHaveLength(1);
    await stop();
    const [endpoint] = producer.endpoints;
    const files = await Promise.all(
      ['', '-wal'].map((end) => readFile(join(directory, `receiver.db${end}`)).catch(() => '')),
    );
    for (const file of files) expect(file.includes(String(endpoint?.secret))).toBe(false);
  });

  it('repeats the challenge of its producer, and gets no signal before', async () => {
    await start();
    await until(() => producer.endpoints[0]?.state === 'active', 'the endpoint to be verified');
    await producer.publish({ type: 'order.placed' });
    const sent = producer.sentSignals.map(({ type, status }) => `${type} ${status}`);
    expect(sent.at(-1)).toBe('events.available 202');
    expect(sent.at(-2)).toBe('endpoint.verification 200');
    // What came before the secret was stored.
    expect(new Set(sent.slice(0, -2))).toEqual(new Set(sent.length > 2 ? ['endpoint.verification 503'] : []));
  });

  it('makes it anew when it was deleted at the producer', async () => {
    await start();
    await signalArrives();
    await stop();
    const [gone] = producer.endpoints;
    const headers = { authorization: `Bearer ${producer.apiKey}` };
    await fetch(`${producer.url}/v1/endpoints/${gone?.id}`, { method: 'DELETE', headers });
    expect(producer.endpoints).toEqual([]);
    await start();
    await until(() => producer.endpoints.length === 1, 'the new endpoint');
    expect(producer.endpoints[0]?.id).not.toBe(gone?.id);
    await signalArrives();
    await start();
    await signalArrives();
    expect(producer.endpoints).toHaveLength(1);
  });

  it('takes signals at once after a restart, though its producer does not answer what it asks', async () => {
    await start();
    await signalArrives();
    producer.feedFaults.fail(503, { times: 50, retryAfter: 0 });
    await start();
    await producer.publish({ type: 'order.placed' });
    expect(producer.sentSignals.at(-1)?.status).toBe(202);
  });

  it('shuts down at once while its producer keeps it waiting', async () => {
    producer.feedFaults.slow(3_600_000, 10);
    const { app } = await start();
    await until(() => calls('GET').length > 0, 'the registration to be under way');
    // Would wait for the answer otherwise, and with it this test.
    await closeApp(app);
    expect(calls('POST')).toEqual([]);
  });

  it('goes on at the next start with what a shutdown broke off', async () => {
    producer.feedFaults.slow(0).slow(3_600_000, 1);
    await start({ drain: { run: false } });
    await until(() => calls('POST').length > 0, 'the endpoint to be asked for');
    await start();
    await signalArrives();
    expect(producer.endpoints).toHaveLength(1);
  });

  it('changes it when it wants other events', async () => {
    await start();
    await signalArrives();
    await start({ register: { url: `http://127.0.0.1:${port}/signals`, eventTypes: ['order.*', 'invoice.*'] } });
    await until(() => producer.endpoints[0]?.eventTypes.length === 2, 'the change');
    expect(calls('PATCH')).toHaveLength(1);
  });

  it('has a new secret made when its credential was replaced', async () => {
    await start();
    await signalArrives();
    const [before] = producer.endpoints.map(({ secret }) => secret);
    const { url, clientId, clientSecret } = producer;
    await start({ producer: { url, clientId, clientSecret } });
    await signalArrives();
    expect(producer.endpoints).toHaveLength(1);
    expect(producer.endpoints[0]?.secret).not.toBe(before);
  });

  it('starts without the producer, and registers when it is there', async () => {
    producer.feedFaults.fail(503, { times: 9, retryAfter: 0 });
    await start();
    await until(() => producer.endpoints.length === 1, 'the endpoint', 25_000);
    await signalArrives();
  });

  it('goes on reading the feed where it may not register', async () => {
    producer.mayWriteEndpoints = false;
    await producer.publish({ type: 'order.placed' });
    const { effects, url } = await start();
    await until(async () => (await effects()).length === 1, 'the event');
    await until(() => calls('POST').length > 0, 'the refusal');
    expect(producer.endpoints).toEqual([]);
    expect(
      (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status,
    ).toBe(503);
  });

  it('asks for a key to seal with, where its credential has none', async () => {
    await expect(start({ producer: { url: producer.url, accessToken: () => 'token' } })).rejects.toThrow(
      /register\.sealingKey/,
    );
  });
});
