import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { query, startEmbeddedPostgres } from '../../scripts/embedded-postgres.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { SERVICE_ADMIN_KEY, Services, type Service } from '../support/service-process.js';
import { startSignalReceiver } from '../support/signal-receiver.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const MASTER_KEY = Buffer.alloc(32, 3).toString('base64');
const SHOWN_KEY = /Admin key, shown this once: (sa_\w+)/;

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

describe('several nodes of the service on one PostgreSQL', () => {
  let services: Services;
  let url: string;
  /** The same for every node. */
  let shared: Record<string, string>;

  beforeEach(async () => {
    services = await Services.create();
    ({ url } = await server.createDatabase());
    shared = {
      DATABASE_URL: url,
      SIGNPOST_MASTER_KEY: MASTER_KEY,
      SIGNPOST_ADMIN_KEY: SERVICE_ADMIN_KEY,
      SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8',
    };
  });
  afterEach(() => services.end());

  const subscribed = async (node: Service, endpoint?: string) => {
    const { id } = await node.admin('/receivers', { name: 'r' });
    const { apiKey } = await node.admin(`/receivers/${id}/credentials`, { name: 'test' });
    if (endpoint !== undefined) await node.admin(`/receivers/${id}/endpoints`, { url: endpoint, eventTypes: ['*'] });
    return { authorization: `Bearer ${apiKey}` };
  };

  it('that start together on an empty database migrate it once, make one admin key between them, and all serve', async () => {
    const { SIGNPOST_ADMIN_KEY: none, ...without } = shared;
    const nodes = [services.run(without), services.run(without), services.run(without)];
    await Promise.all(nodes.map((node) => services.listening(node)));
    const shown = () => nodes.flatMap((node) => SHOWN_KEY.exec(node.output())?.[1] ?? []);
    await until(
      () => nodes.every((node) => node.output().includes('Send the first event')),
      'all have said what to do',
    );
    expect(shown()).toHaveLength(1);
    for (const node of nodes) {
      const headers = { authorization: `Bearer ${shown()[0]}` };
      expect((await fetch(`${node.url}/admin/v1/keys`, { headers })).status).toBe(200);
      expect(await (await fetch(`${node.url}/health/ready`)).json()).toMatchObject({ status: 'ok' });
    }
    const ran = await query(url, 'SELECT name, count(*)::int AS times FROM signpost_migration GROUP BY name');
    expect(ran.map(({ times }) => times as number)).toEqual(ran.map(() => 1));
  });

  it('in roles of their own: what the api node took is signalled by the dispatch node, and fetched at the api node', async () => {
    const receiver = await startSignalReceiver();
    const api = await services.start({ ...shared, SIGNPOST_ROLE: 'api' });
    const dispatch = await services.start({ ...shared, SIGNPOST_ROLE: 'dispatch' });
    const headers = await subscribed(api, receiver.url);
    const { id } = await api.admin('/events', { type: 'a', data: { from: 'api' } });
    const signal = await until(() => receiver.signals[0], 'the signal');
    expect(signal.json.data.events).toEqual([{ id, type: 'a' }]);
    expect(await (await fetch(`${api.url}/v1/events/${id}`, { headers })).json()).toMatchObject({
      data: { from: 'api' },
    });
    expect((await fetch(`${dispatch.url}/v1/events/${id}`, { headers })).status).toBe(404);
    expect((await fetch(`${dispatch.url}/health/ready`)).status).toBe(200);
    await receiver.close();
  });

  it('a long poll at one node is ended by what another one publishes', async () => {
    const [one, other] = await Promise.all([services.start(shared), services.start(shared)]);
    const headers = await subscribed(one);
    const poll = fetch(`${one.url}/v1/events?wait=30`, { headers });
    // Whether the poll waits already makes no difference to the answer, only to what is tried.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { id } = await other.admin('/events', { type: 'a', data: 1 });
    const page = (await (await poll).json()) as { events: { id: string }[] };
    expect(page.events.map((event) => event.id)).toEqual([id]);
  });

  it('one with another master key than the database was filled under does not start, and says so in one line', async () => {
    const node = await services.start(shared);
    await subscribed(node, 'http://127.0.0.1:9/');
    const other = services.run({ ...shared, SIGNPOST_MASTER_KEY: Buffer.alloc(32, 4).toString('base64') });
    expect(await other.exit).toBe(1);
    expect(other.output()).toMatch(/^signpost: .*master key.*\n$/);
  });

  it('one that finds no such database does not start, and says so in one line', async () => {
    const missing = new URL(url);
    missing.pathname = 'signpost_is_not_here';
    const node = services.run({ ...shared, DATABASE_URL: missing.href });
    expect(await node.exit).toBe(1);
    expect(node.output()).toBe('signpost: database "signpost_is_not_here" does not exist\n');
  });
});

describe('the service beside a PostgreSQL that is not there yet', () => {
  it('waits for it, says so once, and then serves', async () => {
    const late = await startEmbeddedPostgres();
    await late.crash();
    const services = await Services.create();
    try {
      const service = services.run({ DATABASE_URL: late.url });
      await until(() => service.output().includes('Waiting for PostgreSQL'), 'the service waits', 60_000);
      await late.launch();
      await services.listening(service);
      expect(service.output().match(/\b(WARN|ERROR)\b/g)).toEqual(['WARN']);
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    } finally {
      await services.end();
      await late.stop();
    }
  });
});
