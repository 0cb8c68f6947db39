import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CanActivate, type INestApplication, Logger } from '@nestjs/common';
import express from 'express';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { signTestSignal } from '../../src/testing/test-signal.js';
import { type Platform, PLATFORMS } from '../support/producer-app.js';
import { type ReceiverApp, type ReceiverAppSettings, startReceiverApp } from '../support/receiver-app.js';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

let producer: FakeProducer;
let receiver: ReceiverApp | undefined;
let log: string[];
const { overrideLogger } = Logger;

beforeAll(async () => {
  producer = await FakeProducer.start();
});
afterAll(() => producer.close());
beforeEach(() => {
  log = [];
});
afterEach(async () => {
  overrideLogger.call(Logger, false);
  await receiver?.close();
  receiver = undefined;
});

async function start(platform: Platform, prepare: (app: INestApplication) => void): Promise<ReceiverApp> {
  const settings: ReceiverAppSettings = {
    platform,
    producer: { url: producer.url, apiKey: producer.apiKey },
    signing: { secret },
    manual: true,
    instrument: ({ app }) => prepare(app),
  };
  receiver = await startReceiverApp(settings);
  const write = (message: unknown) => void log.push(String(message));
  Logger.overrideLogger({ log: write, warn: write, error: write });
  return receiver;
}

async function send(url: string, over: { body?: string } = {}): Promise<[status: number, text: string]> {
  const { headers, body } = { ...signTestSignal({ events: [{ type: 'a.b' }] }, { secret }), ...over };
  const answer = await fetch(url, { method: 'POST', headers, body });
  return [answer.status, await answer.text()];
}

describe.each(PLATFORMS)('the signal route of a host on %s', (platform) => {
  it('is found behind a global prefix, and however else the platform finds it', async () => {
    const { app } = await start(platform, (host) => host.setGlobalPrefix('api/:region'));
    const url = `${await app.getUrl()}/api/eu/signals`;
    expect(await send(url)).toEqual([202, '']);
    expect(await send(`${url}?from=producer`)).toEqual([202, '']);
    expect(await send(url, { body: '{' })).toEqual([401, '']);
    if (platform === 'express') expect(await send(`${url.replace('signals', 'SIGNALS')}/`)).toEqual([202, '']);
  });

  it('is behind the middleware and the guards of the host', async () => {
    const passed: string[] = [];
    const guard: CanActivate = { canActivate: () => passed.push('guard') < 6 };
    const { url } = await start(platform, (host) => {
      host.use((_request: unknown, _response: unknown, next: () => void) => {
        passed.push('middleware');
        next();
      });
      host.useGlobalGuards(guard);
    });
    expect(await send(url)).toEqual([202, '']);
    expect(passed).toEqual(['middleware', 'guard']);
    await send(url);
    expect((await send(url))[0]).toBe(403);
  });
});

describe('a body that somebody read before Nest got the request', () => {
  // On Fastify, Nest's middleware comes before everything that a module can put there.
  it('is answered 500, so that the producer tries again, and the log says what to change', async () => {
    const { url } = await start('fastify', (host) => host.use(express.json()));
    expect(await send(url)).toEqual([500, '']);
    expect(log).toEqual([expect.stringContaining('body_already_parsed')]);
    expect(log.join()).toContain('express.json({ verify');
  });

  it('is verified all the same where its bytes were kept', async () => {
    const keep = express.json({ verify: (request, _response, bytes) => Object.assign(request, { rawBody: bytes }) });
    const { url } = await start('fastify', (host) => host.use(keep));
    expect(await send(url)).toEqual([202, '']);
  });
});

describe('the other routes of a host on Fastify', () => {
  it('have their bodies parsed as before', async () => {
    const { app } = await start('fastify', (host) => {
      const answer = (request: { body: unknown }, response: { send(body: unknown): void }) =>
        response.send(request.body);
      host.getHttpAdapter().post('/other', answer as never);
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${await app.getUrl()}/other`, { method: 'POST', headers, body: '{"a":1}' });
    expect(await answer.json()).toEqual({ a: 1 });
  });
});
