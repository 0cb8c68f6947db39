import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { query, startEmbeddedPostgres } from '../../scripts/embedded-postgres.js';
import { SignpostHealth } from '../../src/index.js';
import { PLATFORMS, startProducer, TEST_ADMIN_KEY, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';
import { until } from '../support/until.js';

const HOLDER = resolve('test/chaos/sqlite-lock-holder.mjs');
const SETTINGS = { dispatch: { pollIntervalMs: 50 } };

let producer: ProducerApp;
let receiver: SignalReceiver;
beforeEach(async () => {
  receiver = await startSignalReceiver();
});
afterEach(async () => {
  await producer.close();
  await receiver.close();
});

const attempt = (type: string) =>
  producer.call('POST', '/admin/v1/events', {
    headers: {
      authorization: `Bearer ${TEST_ADMIN_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': type,
    },
    body: JSON.stringify({ type, tenant: 'acme', data: 'x'.repeat(5_000) }),
  });
const signalled = () => receiver.signals.flatMap((signal) => signal.json.data.events.map((event) => event.type));
const listed = async () => {
  const { body } = await producer.admin<{ items: { type: string }[] }>('GET', '/events?limit=1000');
  return body.items.map((item) => item.type);
};

describe.each(PLATFORMS)('on %s, when the storage fails for a while', (platform) => {
  let holder: ChildProcess | undefined;

  beforeEach(async () => {
    producer = await startProducer(platform, SETTINGS);
    await subscribe(producer, receiver.url);
  });
  afterEach(() => void holder?.kill('SIGKILL'));

  it('a full disk is a 503 that says when to come back; nothing acknowledged is lost, and work goes on without a restart', async () => {
    const dataSource = producer.app.get(DataSource);
    const [{ page_count: pages }] = (await dataSource.query('PRAGMA page_count')) as [{ page_count: number }];
    await dataSource.query(`PRAGMA max_page_count = ${pages + 4}`);
    const accepted: string[] = [];
    let refused: Awaited<ReturnType<typeof attempt>> | undefined;
    for (let n = 0; n < 50 && !refused; n += 1) {
      const answer = await attempt(`full.n${n}`);
      if (answer.status === 201) accepted.push(`full.n${n}`);
      else refused = answer;
    }
    expect(refused).toMatchObject({ status: 503, body: { type: 'urn:signpost:problem:unavailable' } });
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused?.headers.get('content-type')).toContain('application/problem+json');

    await dataSource.query('PRAGMA max_page_count = 1000000');
    await publish(producer, { type: 'after' });
    await until(() => signalled().includes('after'));
    expect(await listed()).toEqual([...accepted, 'after']);
    await until(() => new Set(signalled()).size === accepted.length + 1);
  });

  it('a file that another process holds is waited for, then a 503; the loop of events turns, and work goes on without a restart', async () => {
    const dataSource = producer.app.get(DataSource);
    const path = String(dataSource.options.database);
    holder = spawn(process.execPath, [HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((ready) => holder?.stdout?.once('data', ready));

    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 20);
    const refused = await attempt('locked');
    clearInterval(ticking);
    expect(refused).toMatchObject({ status: 503, body: { type: 'urn:signpost:problem:unavailable' } });
    expect(turns).toBeGreaterThan(20);

    const gone = new Promise((done) => holder?.once('exit', done));
    holder.kill('SIGKILL');
    await gone;
    await until(async () => (await attempt('locked')).status < 300, 'the file to be free');
    await until(() => signalled().includes('locked'));
    expect((await listed()).filter((type) => type === 'locked')).toHaveLength(1);
    expect(await producer.app.get(SignpostHealth).check()).toMatchObject({ status: 'ok' });
  });
});

type Server = Awaited<ReturnType<typeof startEmbeddedPostgres>>;

/** As a failover leaves it to who is still connected, until the connections break: then it is as it was. */
async function readOnly({ url }: Server, value: 'on' | 'off'): Promise<void> {
  const writing = new URL(url);
  writing.searchParams.set('options', '-c default_transaction_read_only=off');
  await query(
    writing.href,
    `ALTER DATABASE postgres SET default_transaction_read_only = ${value};
     SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()`,
  );
}

describe('on PostgreSQL, when the server fails for a while', () => {
  let server: Server;

  beforeAll(async () => {
    // What is acknowledged is on the disk, as in earnest.
    server = await startEmbeddedPostgres({ synchronous_commit: 'on', fsync: 'off' });
  }, 60_000);
  afterAll(() => server?.stop());

  it.each([
    ['breaks off and comes back', () => server.crash(), () => server.launch()],
    ['is read-only', () => readOnly(server, 'on'), () => readOnly(server, 'off')],
  ])(
    'one that %s is a 503 that says when to come back; nothing acknowledged is lost, and work goes on without a restart',
    async (name, begin, end) => {
      const named = (what: string) => `${name.replaceAll(/\W/g, '_')}.${what}`;
      const kept = { options: { type: 'postgres' as const, url: server.url }, drop: () => Promise.resolve() };
      producer = await startProducer('fastify', SETTINGS, kept);
      await subscribe(producer, receiver.url);
      expect((await attempt(named('before'))).status).toBe(201);
      await begin();
      const refused = await attempt(named('during'));
      expect(refused).toMatchObject({ status: 503, body: { type: 'urn:signpost:problem:unavailable' } });
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(refused.headers.get('content-type')).toContain('application/problem+json');

      await end();
      await until(async () => (await attempt(named('during'))).status < 300, 'the server takes events again');
      // Pauses after failures grow to 5 s each, and a busy machine adds to them.
      await until(() => signalled().includes(named('during')), 'the signal', 60_000);
      expect((await listed()).filter((type) => type.startsWith(named('')))).toEqual([named('before'), named('during')]);
      expect(signalled()).toEqual(expect.arrayContaining([named('before'), named('during')]));
    },
    120_000,
  );
});
