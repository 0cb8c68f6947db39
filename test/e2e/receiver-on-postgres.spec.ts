import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { INBOX_STORE } from '../../src/receiver/receiver-options.js';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { effectsTable, type ReceiverApp, startReceiverApp } from '../support/receiver-app.js';
import { until } from '../support/until.js';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe('two nodes of a receiver on one PostgreSQL', () => {
  let producer: FakeProducer;
  let url: string;
  const nodes: ReceiverApp[] = [];

  beforeEach(async () => {
    producer = await FakeProducer.start({ signals: 'manual' });
    ({ url } = await server.createDatabase());
    const prepare = await new DataSource({ type: 'postgres', url }).initialize();
    await prepare.query(effectsTable('postgres'));
    await prepare.destroy();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    await producer.close();
  });

  async function start(): Promise<ReceiverApp> {
    const { secret, url: at } = { secret: `whsec_${Buffer.alloc(32, 3).toString('base64')}`, url };
    const node = await startReceiverApp({
      database: { type: 'postgres', url: at },
      producer: { url: producer.url, apiKey: producer.apiKey },
      signing: { secret },
      drain: { pageSize: 7, intervalMs: 3_600_000 },
      handling: { concurrency: 4, leaseMs: 1_500, pollIntervalMs: 100, retrySchedule: [10, 10] },
    });
    producer.signalTo(node.url, { secret });
    nodes.push(node);
    return node;
  }

  const inOrder = (effects: string[], published: { id: string; subject: string | null }[]) => {
    for (const subject of new Set(published.map((event) => event.subject))) {
      const own = published.filter((event) => event.subject === subject).map(({ id }) => id);
      expect(effects.filter((id) => own.includes(id))).toEqual(own);
    }
  };

  it('share the work: every event once, those of a subject in order', async () => {
    const handled = [0, 0];
    const [one, two] = [await start(), await start()];
    for (const [index, node] of [one, two].entries()) {
      node.handlers.before = async () => {
        handled[index] = (handled[index] ?? 0) + 1;
        // Five subjects are more than one node has places for: while it holds its own, there is something for the other one.
        await until(() => Math.min(...handled) > 0, 'both have a part');
      };
    }
    const published = [];
    for (let round = 0; round < 6; round++) {
      published.push(
        ...(await producer.publishAll(Array.from({ length: 20 }, (_, n) => ({ type: 'a.b', subject: `s${n % 5}` })))),
      );
      await producer.signal();
    }
    await until(async () => (await one.inbox.counts()).done === published.length, 'all are done');
    const effects = await one.effects();
    expect(effects).toHaveLength(published.length);
    inOrder(effects, published);
  });

  it('one takes over what the other has left lying, and the late one changes nothing', async () => {
    const [one, two] = [await start(), await start()];
    let release: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (release = resolve));
    let waiting = 0;
    const getStuck = async (_: unknown, { attempt }: { attempt: number }) => {
      if (attempt > 1) return;
      waiting += 1;
      await stuck;
    };
    one.handlers.before = getStuck;
    two.handlers.before = getStuck;
    // As if the process stood still: its lease is not renewed.
    for (const node of [one, two]) {
      const store = node.app.get<{ renew: () => Promise<unknown[]> }>(INBOX_STORE, { strict: false });
      store.renew = () => Promise.resolve([]);
    }
    const { id } = await producer.publish({ type: 'a.b', subject: 's' });
    await producer.signal();
    await until(() => waiting === 1, 'the first attempt');
    await until(async () => (await one.inbox.get(id))?.state === 'done', 'the take-over');
    release();
    await until(async () => (await one.effects()).length >= 1, 'the effect');
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    const check = await new DataSource({ type: 'postgres', url }).initialize();
    expect(await check.query('SELECT event FROM effects')).toEqual([{ event: id }]);
    await check.destroy();
  });
});
