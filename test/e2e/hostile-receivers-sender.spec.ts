import { afterEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { type SignalId } from '../../src/protocol/ids.js';
import { generateSecret, prepareSecret } from '../../src/protocol/secrets.js';
import { type SenderOptions, type SignalRequest, SignalSender } from '../../src/producer/signal/signal-sender.js';
import { TargetGuard } from '../../src/producer/signal/target-guard.js';
import {
  readBody,
  type SeenRequest,
  startRawReceiver,
  startReceiver,
  startTlsReceiver,
  type TestReceiver,
} from '../support/signal-loopback.js';
import { SELF_SIGNED } from '../support/signal-tls.js';
import { until } from '../support/until.js';

const ID = 'sig_01h2xcejqtf2nbrexx3vqjhp41' as SignalId;
const NOW = Date.UTC(2026, 10, 23, 17, 30);
const secret = generateSecret();
const secrets = [{ key: prepareSecret(secret), expiresAt: null }];
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const part of open.splice(0)) await part.close();
});

function keep<T extends { close(): Promise<void> }>(part: T): T {
  open.push(part);
  return part;
}

function sender(options: Partial<SenderOptions> = {}): SignalSender {
  const guard = new TargetGuard({
    allow: ['127.0.0.0/8'],
    resolver: { resolve4: () => Promise.resolve(['127.0.0.1']), resolve6: () => Promise.resolve([]) },
  });
  return keep(
    new SignalSender({
      guard,
      version: '1.2.3',
      totalTimeoutMs: 600,
      headersTimeoutMs: 300,
      connectTimeoutMs: 300,
      ...options,
    }),
  );
}

function signal(url: string, more: Partial<SignalRequest> = {}): SignalRequest {
  return { url, id: ID, body: '{"type":"events.available"}', secrets, ...more };
}

async function receiver(listener: RequestListener): Promise<TestReceiver> {
  return keep(await startReceiver(listener));
}

async function rawReceiver(onSocket: (socket: Socket) => void): Promise<TestReceiver> {
  return keep(await startRawReceiver(onSocket));
}

const accept: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(202).end());
};
const silent: RequestListener = () => undefined;

/** Says the same again and again until the other side has had enough. */
function dripping(text: string) {
  return (socket: Socket): void => {
    const timer = setInterval(() => socket.write(text), 10);
    socket.on('close', () => clearInterval(timer));
  };
}

describe('a receiver that accepts', () => {
  it('gets exactly the body, signed with every secret, and says acknowledged', async () => {
    const seen: SeenRequest[] = [];
    const url = (
      await receiver((request, response) => {
        void readBody(request).then((body) => {
          seen.push({ headers: request.headers, body });
          response.writeHead(204).end();
        });
      })
    ).url;
    const second = generateSecret();
    const body = '{"text":"ünïcode"}';
    const result = await sender({ now: Date.now }).send(
      signal(`${url}?key=1`, {
        body,
        secrets: [...secrets, { key: prepareSecret(second), expiresAt: null }],
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        headers: { 'x-tenant': 'acme' },
      }),
    );

    expect(result).toEqual({
      outcome: 'acknowledged',
      status: 204,
      latencyMs: expect.any(Number),
      category: null,
      retryAfterMs: null,
    });
    expect(seen).toHaveLength(1);
    const headers = seen[0]?.headers as Record<string, string>;
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Signpost/1.2.3',
      'webhook-id': ID,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-tenant': 'acme',
    });
    expect(headers).not.toHaveProperty('accept-encoding');
    for (const each of [secret, second]) {
      expect(new Webhook(each).verify(seen[0]?.body.toString() ?? '', headers)).toEqual(JSON.parse(body));
    }
  });

  it('is signed for at the time of the attempt', async () => {
    const stamps: unknown[] = [];
    const { url } = await receiver((request, response) => {
      stamps.push(request.headers['webhook-timestamp']);
      accept(request, response);
    });
    let now = NOW;
    const sending = sender({ now: () => now });
    await sending.send(signal(url));
    now += 5_000;
    await sending.send(signal(url));
    expect(stamps).toEqual([String(NOW / 1_000), String(NOW / 1_000 + 5)]);
  });

  it('keeps one connection for signals that follow one another', async () => {
    const healthy = await receiver((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(200).end('x'.repeat(4_000)));
    });
    const sending = sender();
    for (let count = 0; count < 10; count += 1) await sending.send(signal(healthy.url));
    expect(healthy.connections).toHaveLength(1);
  });
});

describe('what the answer says', () => {
  it.each([
    [200, 'acknowledged', null],
    [301, 'failed', 'http_redirect'],
    [304, 'failed', 'http_redirect'],
    [400, 'failed', 'http_client_error'],
    [404, 'failed', 'http_client_error'],
    [410, 'gone', 'http_gone'],
    [429, 'failed', 'http_rate_limited'],
    [500, 'failed', 'http_server_error'],
    [503, 'failed', 'http_server_error'],
  ])('%i is %s (%s)', async (status, outcome, category) => {
    const { url } = await receiver((_request, response) => response.writeHead(status).end());
    expect(await sender().send(signal(url))).toMatchObject({ outcome, status, category, retryAfterMs: null });
  });

  it.each([
    [429, '120', 120_000],
    [503, '7', 7_000],
    [429, new Date(NOW + 90_000).toUTCString(), 90_000],
    [503, new Date(NOW + 3_600_000).toUTCString(), 3_600_000],
    [503, new Date(NOW - 3_600_000).toUTCString(), 0],
    [429, '999999999', 86_400_000],
    [429, 'soon', null],
    [500, '120', null],
    [200, '120', null],
  ])('%i with Retry-After %s asks for %s ms', async (status, value, retryAfterMs) => {
    const { url } = await receiver((_request, response) => response.writeHead(status, { 'retry-after': value }).end());
    expect(await sender({ now: () => NOW }).send(signal(url))).toMatchObject({ status, retryAfterMs });
  });
});

describe('a hostile receiver', () => {
  /** The category that an attempt at it ends with. */
  async function categoryOf(url: string, options: Partial<SenderOptions> = {}): Promise<string | null> {
    return (await sender(options).send(signal(url))).category;
  }

  it('that never answers ends in a timeout', async () => {
    expect(await categoryOf((await receiver(silent)).url)).toBe('timeout');
  });

  it('that drips its headers ends in a timeout', async () => {
    const { url } = await rawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      dripping('x: y\r\n')(socket);
    });
    expect(await categoryOf(url)).toBe('timeout');
  });

  it('that sends informational answers without end ends in a timeout', async () => {
    const { url } = await rawReceiver(dripping('HTTP/1.1 102 Processing\r\n\r\n'));
    expect(await categoryOf(url)).toBe('timeout');
  });

  it('that drips its body is taken at its status and cut off', async () => {
    const { url, connections } = await rawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n');
      dripping('x')(socket);
    });
    expect((await sender().send(signal(url))).outcome).toBe('acknowledged');
    await until(() => connections[0]?.destroyed, 'the cut');
  });

  it('that sends a huge body is taken at its status, and the rest is not read', async () => {
    const { url, connections } = await receiver((_request, response) => {
      response.writeHead(200, { 'content-length': 10 * 1024 * 1024 }).write(Buffer.alloc(64 * 1024));
    });
    const sending = sender({ totalTimeoutMs: 60_000, headersTimeoutMs: 30_000 });
    expect((await sending.send(signal(url))).outcome).toBe('acknowledged');
    await until(() => connections[0]?.destroyed, 'the cut');
    expect((await sending.send(signal(url))).outcome).toBe('acknowledged');
    expect(connections).toHaveLength(2);
  });

  it('that sends huge headers is cut off', async () => {
    const header = `x-filler: ${'x'.repeat(1_000)}\r\n`;
    const { url } = await rawReceiver((socket) => socket.write(`HTTP/1.1 200 OK\r\n${header.repeat(64)}\r\n`));
    expect(await categoryOf(url)).toBe('headers_too_large');
  });

  it('that says its body is compressed makes nobody decompress it', async () => {
    // Not gzip at all: decoding would fail, and would cost the connection.
    const { url, connections } = await receiver((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'));
    });
    const sending = sender();
    expect((await sending.send(signal(url))).outcome).toBe('acknowledged');
    expect((await sending.send(signal(url))).outcome).toBe('acknowledged');
    expect(connections).toHaveLength(1);
  });

  it('that redirects to itself is asked once', async () => {
    let hits = 0;
    const { url } = await receiver((request, response) => {
      hits += 1;
      response.writeHead(307, { location: request.url ?? '/' }).end();
    });
    expect(await categoryOf(url)).toBe('http_redirect');
    expect(hits).toBe(1);
  });

  it('that resets the connection ends in a reset', async () => {
    const { url } = await rawReceiver((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await categoryOf(url)).toBe('connect_reset');
  });

  it('that hangs up in the middle of its headers ends in a reset', async () => {
    const { url } = await rawReceiver((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nx:')));
    expect(await categoryOf(url)).toBe('connect_reset');
  });

  it('that does not speak HTTP/1.1 ends in a protocol error', async () => {
    const { url } = await rawReceiver((socket) => socket.write('220 mail.test ESMTP\r\n'));
    expect(await categoryOf(url)).toBe('protocol');
  });

  it('that switches protocols ends in a protocol error', async () => {
    const { url } = await rawReceiver((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
    );
    expect(await categoryOf(url)).toBe('protocol');
  });

  it('that is not there ends in a refusal', async () => {
    const { url, close } = await startReceiver(silent);
    await close();
    expect(await categoryOf(url)).toBe('connect_refused');
  });
});

describe('TLS', () => {
  const certificate = { key: SELF_SIGNED.key, cert: SELF_SIGNED.cert };
  const { cert: ca } = SELF_SIGNED;

  it('is spoken to a receiver whose certificate is trusted, by address and by name', async () => {
    const { url, port, connections } = keep(await startTlsReceiver(certificate, accept));
    const sending = sender({ ca });
    for (const each of [url, url, `https://receiver.test:${port}/`]) {
      expect((await sending.send(signal(each))).outcome).toBe('acknowledged');
    }
    expect(connections).toHaveLength(2);
  });

  it('a certificate that nobody vouches for is refused', async () => {
    const { url } = keep(await startTlsReceiver(certificate, accept));
    expect(await sender().send(signal(url))).toMatchObject({ category: 'tls', status: null });
  });

  it('a certificate for another name is refused', async () => {
    const { port } = keep(await startTlsReceiver(certificate, accept));
    const result = await sender({ ca }).send(signal(`https://other.test:${port}/`));
    expect(result.category).toBe('tls');
  });

  it('a version before 1.2 is refused', async () => {
    const old = { ...certificate, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const { url } = keep(await startTlsReceiver(old, accept));
    expect((await sender({ ca }).send(signal(url))).category).toBe('tls');
  });

  it('a receiver that never shakes hands ends in a connect timeout', async () => {
    const { port } = await rawReceiver(() => undefined);
    expect((await sender({ ca }).send(signal(`https://127.0.0.1:${port}/`))).category).toBe('connect_timeout');
  });

  it('a receiver that speaks plain text ends in a TLS error', async () => {
    const { port } = await receiver(accept);
    expect((await sender({ ca }).send(signal(`https://127.0.0.1:${port}/`))).category).toBe('tls');
  });
});

describe('beside a hostile origin', () => {
  it('a healthy one is served while every attempt at the hostile one is still open', async () => {
    const hostile = await receiver(silent);
    const healthy = await receiver(accept);
    const sending = sender({
      maxInFlight: 8,
      connectionsPerOrigin: 4,
      totalTimeoutMs: 60_000,
      headersTimeoutMs: 30_000,
    });
    let ended = 0;
    for (let count = 0; count < 50; count += 1) void sending.send(signal(hostile.url)).then(() => (ended += 1));
    expect(sending.hasCapacity(hostile.url)).toBe(false);
    expect(sending.hasCapacity(healthy.url)).toBe(true);

    const results = await Promise.all(Array.from({ length: 50 }, () => sending.send(signal(healthy.url))));

    expect(results.every(({ outcome }) => outcome === 'acknowledged')).toBe(true);
    expect(ended).toBe(0);
    expect(hostile.connections.length).toBeLessThanOrEqual(4);
    expect(healthy.connections.length).toBeLessThanOrEqual(4);
  });

  it('what waits for its slots in vain ends as busy', async () => {
    const hostile = await receiver(silent);
    const sending = sender({ connectionsPerOrigin: 2 });
    const results = await Promise.all(Array.from({ length: 20 }, () => sending.send(signal(hostile.url))));
    const categories = results.map(({ category }) => category);
    expect(new Set(categories)).toEqual(new Set(['timeout', 'busy']));
    expect(categories.slice(0, 2)).toEqual(['timeout', 'timeout']);
  });

  it('slots come back after failures of every kind', async () => {
    const behaviours = [
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => socket.write('nonsense\r\n\r\n'),
      (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(10_000)}`),
      () => undefined,
    ];
    let turn = 0;
    const { url } = await rawReceiver((socket) => {
      const behave = behaviours[turn++] ?? (() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
      socket.on('data', () => behave(socket));
    });
    const sending = sender({ connectionsPerOrigin: 1, maxInFlight: 1 });
    const categories = [];
    for (let count = 0; count < 6; count += 1) categories.push((await sending.send(signal(url))).category);
    expect(categories).toEqual(['connect_reset', 'protocol', null, 'timeout', null, null]);
    expect(sending.hasCapacity(url)).toBe(true);
  });
});

describe('giving up', () => {
  it('a caller ends its attempts, waiting or under way, with one signal', async () => {
    const { url, connections } = await receiver(silent);
    const controller = new AbortController();
    const sending = sender({ connectionsPerOrigin: 1, totalTimeoutMs: 60_000, headersTimeoutMs: 30_000 });
    const attempts = [1, 2, 3].map(() => sending.send(signal(url, { signal: controller.signal })));
    await until(() => connections.length === 1, 'the first attempt');
    controller.abort();
    expect((await Promise.all(attempts)).map(({ category }) => category)).toEqual(['aborted', 'aborted', 'aborted']);
    expect((await sending.send(signal(url, { signal: controller.signal }))).category).toBe('aborted');
    await until(() => sending.hasCapacity(url), 'the free slot');
  });

  it('an attempt that was given up while it connected sends nothing afterwards', async () => {
    const { port, connections } = await receiver(accept);
    let answer: (addresses: string[]) => void = () => undefined;
    const resolver = {
      resolve4: () => new Promise<string[]>((resolve) => (answer = resolve)),
      resolve6: () => Promise.resolve([]),
    };
    const guard = new TargetGuard({ allow: ['127.0.0.0/8'], resolver });
    const sending = sender({ guard, connectionsPerOrigin: 1 });
    const controller = new AbortController();
    const url = `http://late.test:${port}/`;
    const attempt = sending.send(signal(url, { signal: controller.signal }));
    controller.abort();
    expect((await attempt).category).toBe('aborted');
    expect(sending.hasCapacity(url)).toBe(false);
    answer(['127.0.0.1']);
    await until(() => sending.hasCapacity(url), 'the free slot');
    await until(() => connections[0]?.destroyed, 'the end of the connection');
    expect(connections[0]?.bytesRead).toBe(0);
  });

  it('closing ends what is left and every connection', async () => {
    const { url, connections } = await receiver(silent);
    const sending = sender();
    const attempt = sending.send(signal(url));
    await until(() => connections.length === 1, 'the attempt');
    await sending.close();
    expect((await attempt).category).toBe('aborted');
    await until(() => connections[0]?.destroyed, 'the end of the connection');
    expect((await sending.send(signal(url))).category).toBe('aborted');
  });

  it('more origins than may be open close the one that was used least recently', async () => {
    const receivers = [await receiver(accept), await receiver(accept), await receiver(accept)];
    const sending = sender({ maxOrigins: 2 });
    for (const { url } of receivers) expect((await sending.send(signal(url))).outcome).toBe('acknowledged');
    await until(() => receivers[0]?.connections[0]?.destroyed, 'the end of the oldest');
    expect(receivers[1]?.connections[0]?.destroyed).toBe(false);
    expect((await sending.send(signal(receivers[0]?.url ?? ''))).outcome).toBe('acknowledged');
  });

  it('what cannot be signed is not sent', async () => {
    const { url, connections } = await receiver(accept);
    const sending = sender();
    expect((await sending.send(signal(url, { secrets: [] }))).category).toBe('unsendable');
    expect((await sending.send(signal(url, { headers: { 'webhook-id': 'msg_1' } }))).category).toBe('unsendable');
    expect((await sending.send(signal(url, { headers: { 'x-a': 'b\r\nc: d' } }))).category).toBe('unsendable');
    expect(connections).toHaveLength(0);
  });
});
