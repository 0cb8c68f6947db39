import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSignalReceiver } from '../support/signal-receiver.js';
import { until } from '../support/until.js';

const MAIN = resolve('dist/main.js');

interface Service {
  child: ChildProcess;
  output(): string;
  url: string;
  exit: Promise<number | null>;
}

describe('the service, as a process of its own', () => {
  let directory: string;
  let services: Service[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signpost-service-'));
    services = [];
  });
  afterEach(async () => {
    for (const { child, exit } of services) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    }
    await rm(directory, { recursive: true, force: true });
  });

  function run(env: Record<string, string> = {}): Service {
    const child = spawn(process.execPath, [MAIN], {
      cwd: directory,
      env: { PATH: process.env.PATH, PORT: '0', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const exit = new Promise<number | null>((done) => child.once('close', (code) => done(code)));
    const service = { child, output: () => output, url: '', exit };
    services.push(service);
    return service;
  }

  async function start(env: Record<string, string> = {}): Promise<Service> {
    const service = run(env);
    service.url = await until(() => {
      if (service.child.exitCode !== null) throw new Error(`it ended: ${service.output()}`);
      return /Listening on (http:\/\/[^\s"]+)/.exec(service.output())?.[1];
    }, 'the service to listen');
    return service;
  }

  it('needs nothing: makes its database, a master key only its owner can read, and an admin key shown once', async () => {
    const first = await start();
    const key = /(sa_\w+)/.exec(first.output())?.[1];
    expect(key).toBeDefined();
    expect((await stat(join(directory, 'data/master.key'))).mode & 0o777).toBe(0o600);
    expect(first.output()).toContain('/docs');
    expect(first.output()).toContain('curl -X POST');
    const published = await fetch(`${first.url}/admin/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{"type":"invoice.paid","data":{"amount":4200}}',
    });
    expect(published.status).toBe(201);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);

    const masterKey = await readFile(join(directory, 'data/master.key'), 'utf8');
    const second = await start();
    expect(/(sa_\w+)/.exec(second.output())).toBeNull();
    expect(await readFile(join(directory, 'data/master.key'), 'utf8')).toBe(masterKey);
    const events = await fetch(`${second.url}/admin/v1/events`, { headers: { authorization: `Bearer ${key}` } });
    expect(((await events.json()) as { items: unknown[] }).items).toHaveLength(1);
  });

  it('SIGTERM lets the signal in flight end, answers no new ones, and exits with 0', async () => {
    const receiver = await startSignalReceiver();
    const held: (() => void)[] = [];
    receiver.answer = (_, response) => held.push(() => response.writeHead(202).end());
    const service = await start({ SIGNPOST_ADMIN_KEY: 'test-admin-key', SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8' });
    const admin = async (path: string, body: unknown) => {
      const answer = await fetch(`${service.url}/admin/v1${path}`, {
        method: 'POST',
        headers: { authorization: 'Bearer test-admin-key', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return (await answer.json()) as { id: string };
    };
    const { id } = await admin('/receivers', { name: 'r' });
    await admin(`/receivers/${id}/endpoints`, { url: receiver.url, eventTypes: ['*'] });
    await admin('/events', { type: 'a', data: 1 });
    await until(() => held.length === 1);
    service.child.kill('SIGTERM');
    await new Promise((done) => setTimeout(done, 100));
    held.forEach((release) => release());
    expect(await service.exit).toBe(0);

    const again = await start({ SIGNPOST_ADMIN_KEY: 'test-admin-key', SIGNPOST_ALLOW_TARGETS: '127.0.0.0/8' });
    const stats = await fetch(`${again.url}/admin/v1/stats`, { headers: { authorization: 'Bearer test-admin-key' } });
    expect(await stats.json()).toMatchObject({ lag: [{ lag: 0 }] });
    // The outcome was written before the end, so nothing was sent twice.
    expect(receiver.signals).toHaveLength(1);
    await receiver.close();
  });

  it('a long poll does not hold up the end', async () => {
    const service = await start({ SIGNPOST_ADMIN_KEY: 'test-admin-key' });
    const headers = { authorization: 'Bearer test-admin-key', 'content-type': 'application/json' };
    const post = async (path: string) =>
      (await (
        await fetch(`${service.url}/admin/v1${path}`, { method: 'POST', headers, body: '{"name":"x"}' })
      ).json()) as Record<string, string>;
    const { id } = await post('/receivers');
    const { apiKey } = await post(`/receivers/${id}/credentials`);
    const poll = fetch(`${service.url}/v1/events?wait=30`, { headers: { authorization: `Bearer ${apiKey}` } }).then(
      (answer) => answer.status,
      () => 'cut',
    );
    await new Promise((done) => setTimeout(done, 200));
    service.child.kill('SIGTERM');
    expect(await service.exit).toBe(0);
    expect([200, 'cut']).toContain(await poll);
  });

  it('says in one line what is wrong with its environment and ends with 1', async () => {
    const service = run({ SIGNPOST_RETRY_SCHEDULE: 'soon' });
    expect(await service.exit).toBe(1);
    expect(service.output()).toBe(
      'signpost: SIGNPOST_RETRY_SCHEDULE: "soon" is no list of durations; use one such as 5s,30s,2m\n',
    );
  });

  it('ends with 1 when its port is taken, and has not made an admin key that nobody saw', async () => {
    const first = await start();
    const second = run({ PORT: new URL(first.url).port, DATABASE_URL: 'sqlite:./other/signpost.db' });
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain('EADDRINUSE');
    const third = await start({ DATABASE_URL: 'sqlite:./other/signpost.db' });
    await until(() => /(sa_\w+)/.test(third.output()), 'the admin key');
  });

  it('in production logs one JSON object a line', async () => {
    const service = await start({
      NODE_ENV: 'production',
      SIGNPOST_MASTER_KEY: Buffer.alloc(32, 3).toString('base64'),
      SIGNPOST_ADMIN_KEY: 'test-admin-key',
    });
    const lines = service.output().trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), message: expect.any(String) });
  });

  it('answers health, documents and unknown paths', async () => {
    const service = await start();
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
