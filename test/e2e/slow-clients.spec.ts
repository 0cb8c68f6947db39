import { connect, type Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AdminKeysService, limitServer, type ServerLimits } from '../../src/index.js';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { readEnvironment } from '../../src/service/environment.js';
import { createService } from '../../src/service/serve.js';
import { TEST_ADMIN_KEY, TEST_MASTER_KEY } from '../support/producer-app.js';
import { until } from '../support/until.js';

const MEBIBYTE = 1_048_576;
const AUTHORIZED = `Host: x\r\nAuthorization: Bearer ${TEST_ADMIN_KEY}\r\nContent-Type: application/json\r\n`;

let app: NestFastifyApplication;
let url: URL;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
});

async function start(limits: ServerLimits & { checkIntervalMs?: number } = {}, env: Record<string, string> = {}) {
  const settings = readEnvironment({ DATABASE_URL: 'sqlite::memory:', ...env });
  app = await createService(settings, TEST_MASTER_KEY, limits);
  app.useLogger(false);
  await app.listen(0, '127.0.0.1');
  await app.get(AdminKeysService).ensureBootstrapKey(TEST_ADMIN_KEY);
  url = new URL(await app.getUrl());
}

/** A connection of a client that does as the test says. */
function client(): { socket: Socket; received(): string; closed: Promise<void> } {
  const socket = connect(Number(url.port), url.hostname);
  sockets.push(socket);
  let received = '';
  socket.on('data', (bytes: Buffer) => (received += bytes.toString()));
  socket.on('error', () => undefined);
  return { socket, received: () => received, closed: new Promise((done) => socket.once('close', () => done())) };
}

/** What comes back for a request that is written as it stands, when there is a whole head. */
async function answerTo(text: string): Promise<string> {
  const { socket, received } = client();
  socket.write(text);
  return until(() => (received().includes('\r\n\r\n') ? received() : undefined), 'an answer');
}

const connections = () =>
  new Promise<number>((done, failed) =>
    (
      app.getHttpServer() as { getConnections(told: (error: Error | null, count: number) => void): void }
    ).getConnections((error, count) => (error ? failed(error) : done(count))),
  );

async function admin(path: string, body?: object) {
  const answer = await fetch(new URL(`/admin/v1${path}`, url), {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${TEST_ADMIN_KEY}`, 'content-type': 'application/json', connection: 'close' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: (await answer.json()) as { id: string; apiKey: string } };
}

async function newKey(): Promise<string> {
  const { body } = await admin('/receivers', { name: 'r' });
  return (await admin(`/receivers/${body.id}/credentials`, { name: 'c' })).body.apiKey;
}

describe('the service lets no slow client hold it', () => {
  it.each<[string, ServerLimits, string]>([
    ['sends nothing', { headersTimeoutMs: 100 }, ''],
    ['drips its headers', { headersTimeoutMs: 100 }, 'GET /v1/events HTTP/1.1\r\nHost: x\r\nX-'],
    [
      'does not finish its body',
      { requestTimeoutMs: 100, headersTimeoutMs: 100 },
      `POST /admin/v1/events HTTP/1.1\r\n${AUTHORIZED}Content-Length: 50\r\n\r\n{`,
    ],
  ])('one that %s is cut off', async (_, limits, text) => {
    await start({ ...limits, checkIntervalMs: 20 });
    const { socket, received, closed } = client();
    socket.write(text);
    await closed;
    expect(received()).toMatch(/^(HTTP\/1\.1 408 |$)/);
    if (received() !== '') expect(received()).toContain('application/problem+json');
    expect((await admin('/stats')).status).toBe(200);
  });

  it.each(['application/json', 'application/x-ndjson'])(
    'one that never reads its answer (%s) is cut off, and holds up nobody meanwhile',
    async (accept) => {
      await start();
      const key = await newKey();
      for (let n = 0; n < 20; n++) {
        expect((await admin('/events', { type: 'a.b', data: 'x'.repeat(900_000) })).status).toBe(201);
      }
      limitServer(app.getHttpServer(), { idleTimeoutMs: 300 });
      const { socket, closed } = client();
      socket.pause();
      socket.write(
        `GET /v1/events?limit=20 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nAccept: ${accept}\r\n\r\n`,
      );
      await until(() => socket.bytesWritten > 0);
      const headers = { authorization: `Bearer ${TEST_ADMIN_KEY}` };
      const payload = { type: 'a.b', data: 1 };
      expect((await app.inject({ method: 'POST', url: '/admin/v1/events', headers, payload })).statusCode).toBe(201);
      await until(async () => (await connections()) === 0, 'the connection to be destroyed');
      socket.resume();
      await closed;
      expect((await app.inject({ url: '/admin/v1/stats', headers })).statusCode).toBe(200);
    },
  );

  it('takes so many connections and no more, and takes the next when one is free', async () => {
    await start({ maxConnections: 2 });
    const [first] = [client(), client()];
    await until(async () => (await connections()) === 2, 'two connections');
    await client().closed;
    first?.socket.destroy();
    await until(async () => (await connections()) === 1, 'a place to be free');
    expect((await admin('/stats')).status).toBe(200);
  });

  it('closes a connection after so many requests', async () => {
    await start({ maxRequestsPerConnection: 1 });
    expect(await answerTo('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/connection: close/i);
  });
});

describe('the service reads no more than a route can use', () => {
  it.each<[string, string, number]>([
    ['headers that are too long', `GET /v1/events HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a URL that is too long', `GET /v1/events?after=${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      `POST /admin/v1/events HTTP/1.1\r\n${AUTHORIZED}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
      400,
    ],
    [
      'a length and chunks',
      `POST /admin/v1/events HTTP/1.1\r\n${AUTHORIZED}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'a body that says it is too large, before any of it came',
      `POST /admin/v1/events HTTP/1.1\r\n${AUTHORIZED}Content-Length: ${2 * MEBIBYTE}\r\n\r\n`,
      413,
    ],
    [
      'an upload that nobody is known to send',
      `POST /v1/acks HTTP/1.1\r\nHost: x\r\nContent-Length: ${8 * MEBIBYTE}\r\n\r\n`,
      413,
    ],
    [
      'a compressed body',
      `POST /admin/v1/events HTTP/1.1\r\n${AUTHORIZED}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`,
      415,
    ],
  ])('refuses %s, as a problem', async (_, text, status) => {
    await start();
    const answer = await answerTo(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
  });

  it('refuses chunks as soon as they are too many, and takes a batch of 8 MiB', async () => {
    await start();
    const { socket, received } = client();
    socket.write(`POST /admin/v1/events HTTP/1.1\r\n${AUTHORIZED}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`;
    for (let n = 0; n < 20; n++) socket.write(chunk);
    await until(() => received().startsWith('HTTP/1.1 413 '), 'the refusal');

    const events = Array.from({ length: 4 }, () => ({ type: 'a.b', data: 'x'.repeat(900_000) }));
    expect((await admin('/events/batch', { events })).status).toBe(201);
  });
});

describe('the address of a caller', () => {
  const addressOf = async (forwarded: string): Promise<string | null | undefined> => {
    await fetch(new URL('/v1/events', url), { headers: { 'x-forwarded-for': forwarded } });
    return (await app.get(AccessLog).list({ limit: 1 })).items[0]?.address;
  };

  it('is what the connection says, whatever a header claims', async () => {
    await start();
    expect(await addressOf('192.0.2.7')).toBe('127.0.0.1');
  });

  it.each(['127.0.0.0/8', '10.0.0.0/8, 127.0.0.1/32'])(
    'is what the proxy says behind SIGNPOST_TRUST_PROXY=%s, and not what the client told it',
    async (trusted) => {
      await start({}, { SIGNPOST_TRUST_PROXY: trusted });
      expect(await addressOf('198.51.100.1, 192.0.2.7')).toBe('192.0.2.7');
    },
  );
});
