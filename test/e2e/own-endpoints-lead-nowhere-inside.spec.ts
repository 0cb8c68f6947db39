import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { CredentialsService, Dispatcher, ReceiversService } from '../../src/index.js';
import { SignalSender } from '../../src/producer/signal/signal-sender.js';
import { TargetGuard } from '../../src/producer/signal/target-guard.js';
import { closeApp } from '../support/close-app.js';
import { freshDatabase, type FreshDatabase, storedRows } from '../support/databases.js';
import { HostModule } from '../support/producer-app.js';

interface Row {
  url: string;
  expect: string;
  at: string;
}
const { urls } = JSON.parse(readFileSync(new URL('../support/vectors/ssrf-targets.json', import.meta.url), 'utf8')) as {
  urls: Row[];
};
const REFUSED = urls.filter((row) => row.expect === 'reject');
const PUBLIC_ADDRESS = '93.184.215.14';
const INSIDE = '10.0.0.7';
const START = 1_795_455_000_000;

describe.each([true, false])('a receiver’s own endpoint, with httpsOnly %s', (httpsOnly) => {
  let database: FreshDatabase;
  let app: NestFastifyApplication;
  let key: string;
  let answer: string;
  let now = START;
  const dialled: string[] = [];

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    const guard = new TargetGuard({
      httpsOnly,
      resolver: { resolve4: () => Promise.resolve([answer]), resolve6: () => Promise.resolve([]) },
    });
    const sender = new SignalSender({
      guard,
      version: '0.0.0',
      dial: ({ host }) => {
        dialled.push(String(host));
        const socket = new Socket();
        process.nextTick(() => socket.destroy(Object.assign(new Error('dead'), { code: 'ECONNREFUSED' })));
        return socket;
      },
    });
    const module = HostModule.with(database.options, { dispatch: false, now: () => now, targets: {} });
    const testing = await Test.createTestingModule({ imports: [module] })
      .overrideProvider(TargetGuard)
      .useValue(guard)
      .overrideProvider(SignalSender)
      .useValue(sender)
      .compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { rawBody: true, logger: false });
    await app.init();
    const { id } = await app.get(ReceiversService).create({ name: 'own' });
    key = (await app.get(CredentialsService).create(id, { name: 'k', scopes: ['endpoints:write'] })).apiKey;
  });
  afterAll(async () => {
    if (app) await closeApp(app);
    await database?.drop();
  });
  beforeEach(() => {
    answer = PUBLIC_ADDRESS;
    dialled.length = 0;
  });

  const ask = async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) => {
    const sent = await app.inject({
      method,
      url: `/v1/endpoints${path}`,
      headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { payload: JSON.stringify(body) } : {}),
    });
    return { status: sent.statusCode, body: sent.json<Record<string, unknown>>() };
  };
  const stored = async () => {
    const rows = await storedRows(app.get(DataSource));
    return JSON.stringify(['signpost_endpoint', 'signpost_endpoint_position'].map((name) => rows.get(name)));
  };
  const create = async () =>
    String((await ask('POST', '', { url: 'https://hooks.example.com/x', eventTypes: ['*'] })).body['id']);
  const attempts = async (id: string) =>
    ((await ask('GET', `/${id}/signals`)).body as { items: Record<string, unknown>[] }).items;

  it('is refused each URL of the SSRF data, at creation and at a change; nothing is written, nothing dialled', async () => {
    const id = await create();
    const before = await stored();
    for (const row of REFUSED) {
      answer = row.at === 'connect-lookup' ? '127.0.0.1' : PUBLIC_ADDRESS;
      const url = httpsOnly ? row.url.replace('http:', 'https:') : row.url;
      for (const refused of [
        await ask('POST', '', { url, eventTypes: ['*'] }),
        await ask('PATCH', `/${id}`, { url }),
      ]) {
        expect([url, refused.status, refused.body['errors']]).toEqual([
          url,
          400,
          [{ pointer: '/url', message: expect.any(String) }],
        ]);
      }
    }
    expect(await stored()).toBe(before);
    await app.get(Dispatcher).runOnce();
    expect(dialled).toEqual([PUBLIC_ADDRESS]);
  });

  it('is not asked for its proof at an address inside that its name leads to later', async () => {
    const id = await create();
    answer = INSIDE;
    await app.get(Dispatcher).runOnce();
    now += 3_600_000;
    await app.get(Dispatcher).runOnce();
    expect(dialled).not.toContain(INSIDE);
    const log = await attempts(id);
    expect(log).toHaveLength(2);
    for (const attempt of log) {
      expect(attempt).toMatchObject({
        kind: 'verification',
        outcome: 'failed',
        status: null,
        category: 'target_refused',
      });
      expect(JSON.stringify(attempt)).not.toContain(INSIDE);
    }
    expect((await ask('POST', `/${id}/test`)).status).toBe(409);
    expect((await ask('GET', `/${id}`)).body).toMatchObject({ state: 'pending' });
  });
});
