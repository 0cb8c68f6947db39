import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DATABASES } from '../support/databases.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { SERVICE_ADMIN_KEY, Services } from '../support/service-process.js';
import { startSignalReceiver } from '../support/signal-receiver.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const ADMIN_KEY = { SIGNPOST_ADMIN_KEY: SERVICE_ADMIN_KEY };

let services: Services;
beforeEach(async () => {
  services = await Services.create();
});
afterEach(() => services.end());

describe.each(DATABASES)('the service, as a process of its own, on %s', (database) => {
  let server: TestPostgres | undefined;
  /** What it is told of its database: of a file, nothing. */
  let place: { DATABASE_URL?: string };

  beforeEach(async () => {
    server = database === 'postgres' ? await startPostgres() : undefined;
    place = server ? { DATABASE_URL: (await server.createDatabase()).url } : {};
  });
  afterEach(() => server?.stop());

  it('needs nothing else: makes its tables, a master key only its owner can read, and an admin key shown once', async () => {
    const first = await services.start(place);
    const key = await until(() => /(sa_\w+)/.exec(first.output())?.[1], 'the admin key');
    expect((await stat(join(services.directory, 'data/master.key'))).mode & 0o777).toBe(0o600);
    expect(first.output()).toContain('/docs');
    await until(() => first.output().includes('curl -X POST'), 'the first steps');
    const published = await fetch(`${first.url}/admin/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{"type":"invoice.paid","data":{"amount":4200}}',
    });
    expect(published.status).toBe(201);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);

    const masterKey = await readFile(join(services.directory, 'data/master.key'), 'utf8');
    const second = await services.start(place);
    expect(/(sa_\w+)/.exec(second.output())).toBeNull();
    expect(await readFile(join(services.directory, 'data/master.key'), 'utf8')).toBe(masterKey);
    const events = await fetch(`${second.url}/admin/v1/events`, { headers: { authorization: `Bearer ${key}` } });
    expect(((await events.json()) as { items: unknown[] }).items).toHaveLength(1);
  });

  it('SIGTERM lets the signal in flight end, answers no new ones, and exits with 0', async () => {
    const receiver = await startSignalReceiver();
    const held: (() => void)[] = [];
    receiver.answer = (_, response) => held.push(() => response.writeHead(202).end());
    const settings = { ...place, ...ADMIN_KEY, SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8' };
    const service = await services.start(settings);
    const { id } = await service.admin('/receivers', { name: 'r' });
    await service.admin(`/receivers/${id}/endpoints`, { url: receiver.url, eventTypes: ['*'] });
    await service.admin('/events', { type: 'a', data: 1 });
    await until(() => held.length === 1);
    service.child.kill('SIGTERM');
    await new Promise((done) => setTimeout(done, 100));
    held.forEach((release) => release());
    expect(await service.exit).toBe(0);

    const again = await services.start(settings);
    // A row that was leased while the event got its position looks once more, and finds nothing.
    await until(async () => (await again.admin<{ lag: { lag: number }[] }>('/stats')).lag[0]?.lag === 0);
    // The outcome was written before the end, so nothing was sent twice.
    expect(receiver.signals).toHaveLength(1);
    await receiver.close();
  });

  it('a long poll does not hold up the end', async () => {
    const service = await services.start({ ...place, ...ADMIN_KEY });
    const { id } = await service.admin('/receivers', { name: 'r' });
    const { apiKey } = await service.admin(`/receivers/${id}/credentials`, { name: 'test' });
    const poll = fetch(`${service.url}/v1/events?wait=30`, { headers: { authorization: `Bearer ${apiKey}` } }).then(
      (answer) => answer.status,
      () => 'cut',
    );
    await new Promise((done) => setTimeout(done, 200));
    service.child.kill('SIGTERM');
    expect(await service.exit).toBe(0);
    expect([200, 'cut']).toContain(await poll);
  });
});

describe('the service, as a process of its own', () => {
  it('says in one line what is wrong with its environment and ends with 1', async () => {
    const service = services.run({ SIGNPOST_RETRY_SCHEDULE: 'soon' });
    expect(await service.exit).toBe(1);
    expect(service.output()).toBe(
      'signpost: SIGNPOST_RETRY_SCHEDULE: "soon" is no list of durations; use one such as 5s,30s,2m\n',
    );
  });

  it('ends with 1 when its port is taken, and has not made an admin key that nobody saw', async () => {
    const first = await services.start();
    const second = services.run({ PORT: new URL(first.url).port, DATABASE_URL: 'sqlite:./other/signpost.db' });
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain('EADDRINUSE');
    const third = await services.start({ DATABASE_URL: 'sqlite:./other/signpost.db' });
    await until(() => /(sa_\w+)/.test(third.output()), 'the admin key');
  });

  it('in production logs one JSON object a line', async () => {
    const service = await services.start({
      NODE_ENV: 'production',
      SIGNPOST_MASTER_KEY: Buffer.alloc(32, 3).toString('base64'),
      ...ADMIN_KEY,
    });
    const lines = service.output().trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), message: expect.any(String) });
  });

  it('answers health, documents and unknown paths', async () => {
    const service = await services.start();
    const get = async (path: string) => {
      const answer = await fetch(`${service.url}${path}`);
      return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
    };
    expect(await get('/health/live')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(JSON.parse((await get('/health/ready')).text)).toMatchObject({ status: 'ok', database: { state: 'ready' } });
    for (const path of ['/docs', '/admin/docs'])
      expect(await get(path)).toMatchObject({ status: 200, type: expect.stringContaining('html') });
    expect(JSON.parse((await get('/docs/openapi.json')).text)).toMatchObject({
      openapi: '3.1.0',
      webhooks: expect.any(Object),
    });
    expect(JSON.parse((await get('/admin/docs/openapi.json')).text)).toMatchObject({ openapi: '3.1.0' });
    expect(await get('/nothing/here')).toMatchObject({
      status: 404,
      type: expect.stringContaining('application/problem+json'),
    });
  });
});
