import { createServer, request as sendRequest, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, jest } from '@jest/globals';
import express from 'express';
import fastify from 'fastify';
import {
  expressSignalHandler,
  fastifySignals,
  LARGEST_SIGNAL,
  nodeSignalHandler,
  type SignalHandlerOptions,
} from '../../../src/receiver/client/index.js';
import { until } from '../../support/until.js';
import { closeAfterTest } from './producer-server.js';
import { AVAILABLE, listening, SECRET, send, signalBody, signedHeaders } from './signals.js';

interface Host {
  url: string;
  seen: string[];
  refused: string[];
}

type Start = (options: SignalHandlerOptions) => Promise<string>;

async function host(start: Start, changes: Partial<SignalHandlerOptions> = {}): Promise<Host> {
  const seen: string[] = [];
  const refused: string[] = [];
  const origin = await start({
    secrets: SECRET,
    onSignal: ({ type }) => seen.push(type),
    onRefused: ({ code }) => refused.push(code),
    ...changes,
  });
  return { url: `${origin}/signals`, seen, refused };
}

const withExpress =
  (use: (app: express.Express, handler: RequestListener) => void): Start =>
  (options) => {
    const app = express();
    use(app, expressSignalHandler(options));
    return listening(app as RequestListener);
  };

const keepRaw = express.json({ verify: (request, _response, bytes) => Object.assign(request, { rawBody: bytes }) });

const withFastify: Start = async (options) => {
  const app = fastify();
  app.register(fastifySignals({ path: '/signals', ...options }));
  app.post('/json', (request) => request.body);
  closeAfterTest(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
};

const HOSTS: [string, Start][] = [
  ['node:http', (options) => listening(nodeSignalHandler(options))],
  ['Express, body unread', withExpress((app, handler) => app.all('/signals', handler))],
  [
    'Express, express.raw()',
    withExpress((app, handler) => app.all('/signals', express.raw({ type: '*/*', limit: '1mb' }), handler)),
  ],
  ['Express, bytes kept by express.json()', withExpress((app, handler) => app.use(keepRaw).all('/signals', handler))],
  ['Fastify', withFastify],
];

describe.each(HOSTS)('%s', (_name, start) => {
  it('takes a good signal', async () => {
    const { url, seen } = await host(start);
    const answer = await send(url, signedHeaders(AVAILABLE), AVAILABLE);
    expect(answer).toMatchObject({ status: 202, body: '', headers: { 'content-length': '0' } });
    expect(answer.headers['content-type']).toBeUndefined();
    expect(seen).toEqual(['events.available']);
  });

  it('verifies the bytes as they came, white space and all', async () => {
    const { url } = await host(start);
    const body = `${AVAILABLE.replace('{', '{ \n')} `;
    expect((await send(url, signedHeaders(body), body)).status).toBe(202);
  });

  it('repeats a challenge', async () => {
    const { url } = await host(start);
    const body = signalBody('endpoint.verification', { challenge: 'ü' });
    const answer = await send(url, signedHeaders(body), body);
    expect(answer).toMatchObject({
      status: 200,
      body: '{"challenge":"ü"}',
      headers: { 'content-type': 'application/json' },
    });
  });

  it('answers a forged signal and a repeated header with the same bare 401', async () => {
    const { url, seen, refused } = await host(start);
    const headers = signedHeaders(AVAILABLE);
    const forged = await send(url, { ...headers, 'webhook-id': 'sig_other' }, AVAILABLE);
    const id = headers['webhook-id'];
    const repeated = await send(url, { ...headers, 'webhook-id': [id, id] }, AVAILABLE);
    for (const answer of [forged, repeated]) {
      expect(answer).toMatchObject({ status: 401, body: '' });
      expect(Object.keys(answer.headers).filter((header) => /type|www|length/.test(header))).toEqual([
        'content-length',
      ]);
    }
    expect(refused).toEqual(['no_matching_signature', 'repeated_header']);
    expect(seen).toEqual([]);
  });

  it('answers other media types with 415', async () => {
    const { url, refused } = await host(start);
    const answer = await send(url, { ...signedHeaders(AVAILABLE), 'content-type': 'text/plain' }, AVAILABLE);
    expect(answer).toMatchObject({ status: 415, body: '' });
    expect(refused).toEqual(['not_json']);
  });

  it('answers two content types with 415, whichever comes first', async () => {
    const { url } = await host(start);
    const types = ['application/json', 'text/plain'];
    const answer = await send(url, { ...signedHeaders(AVAILABLE), 'content-type': types }, AVAILABLE);
    expect(answer).toMatchObject({ status: 415, body: '' });
  });

  it('answers other methods with 405', async () => {
    const { url, refused } = await host(start);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect(await send(url, {}, '', method)).toMatchObject({ status: 405, headers: { allow: 'POST' }, body: '' });
    }
    expect(refused).toEqual(['method_not_allowed', 'method_not_allowed', 'method_not_allowed']);
  });
});

// express.json() has a limit of its own, and answers with its own error.
const UNLIMITED = HOSTS.filter(([name]) => name !== 'Express, bytes kept by express.json()');

describe.each(UNLIMITED)('%s', (_name, start) => {
  it('answers a body over the limit with 413', async () => {
    const { url, refused } = await host(start);
    const body = 'x'.repeat(LARGEST_SIGNAL + 1);
    expect(await send(url, signedHeaders(body), body)).toMatchObject({ status: 413, body: '' });
    expect(refused).toEqual(['too_large']);
  });
});

const READING = HOSTS.filter(([name]) => ['node:http', 'Express, body unread', 'Fastify'].includes(name));

describe.each(READING)('%s, reading the body itself', (_name, start) => {
  it('stops at the limit, though the sender did not say how much comes', async () => {
    const { url, refused } = await host(start);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = sendRequest(url, { method: 'POST', headers: signedHeaders(''), agent: false });
      request.on('response', (response) => {
        resolve(response.statusCode);
        request.destroy();
      });
      request.on('error', reject);
      // Never ended: only the limit can bring an answer.
      request.write('x'.repeat(LARGEST_SIGNAL + 1));
    });
    expect(status).toBe(413);
    expect(refused).toEqual(['too_large']);
  });

  it('waits for no byte of a body that is said to be over the limit', async () => {
    const { url, refused } = await host(start);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { ...signedHeaders(''), 'content-length': String(LARGEST_SIGNAL + 1) };
      const request = sendRequest(url, { method: 'POST', headers, agent: false });
      request.on('response', (response) => {
        resolve(response.statusCode);
        request.destroy();
      });
      request.on('error', reject);
      request.flushHeaders();
    });
    expect(status).toBe(413);
    expect(refused).toEqual(['too_large']);
  });

  it('cuts a sender that drips', async () => {
    const { url, refused } = await host(start, { bodyTimeoutMs: 60 });
    const { hostname, port } = new URL(url);
    const text: string = await new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      let answer = '';
      const timer = setInterval(() => socket.write('x'), 5);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.on('close', () => {
        clearInterval(timer);
        resolve(answer);
      });
      socket.write(
        `POST /signals HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n`,
      );
    });
    expect(text.slice(0, 12)).toBe('HTTP/1.1 408');
    expect(refused).toEqual(['too_slow']);
  });

  it('outlives a sender that hangs up in the middle', async () => {
    const { url, refused } = await host(start);
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      'POST /signals HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\nx',
      () => socket.destroy(),
    );
    await until(() => refused.length === 1, 'the refusal');
    expect(refused).toEqual(['cut_off']);
    expect((await send(url, signedHeaders(AVAILABLE), AVAILABLE)).status).toBe(202);
  });
});

describe('Express with a body that was parsed before', () => {
  it('answers 500, so that the producer tries again, and says once aloud what to change', async () => {
    const warning = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const { url, seen, refused } = await host(
      withExpress((app, handler) => app.use(express.json()).post('/signals', handler)),
    );
    for (let n = 0; n < 2; n++) {
      expect(await send(url, signedHeaders(AVAILABLE), AVAILABLE)).toMatchObject({ status: 500, body: '' });
    }
    const { calls } = warning.mock;
    warning.mockRestore();
    expect(calls).toEqual([[expect.stringContaining('express.json'), { code: 'SIGNPOST_BODY_ALREADY_PARSED' }]]);
    expect(refused).toEqual(['body_already_parsed', 'body_already_parsed']);
    expect(seen).toEqual([]);
  });
});

describe('Fastify', () => {
  it('parses the bodies of its other routes as before', async () => {
    const { url } = await host(withFastify);
    const other = url.replace('/signals', '/json');
    expect(await send(other, { 'content-type': 'application/json' }, '{"a":1}')).toMatchObject({
      status: 200,
      body: '{"a":1}',
    });
  });

  it('takes injected requests', async () => {
    const app = fastify();
    app.register(fastifySignals({ path: '/signals', secrets: SECRET }), { prefix: '/hooks' });
    closeAfterTest(() => app.close());
    const answer = await app.inject({
      method: 'POST',
      url: '/hooks/signals',
      headers: signedHeaders(AVAILABLE),
      payload: AVAILABLE,
    });
    expect(answer.statusCode).toBe(202);
  });
});

describe('a plain application', () => {
  it('needs no more than this', async () => {
    const woken: string[] = [];
    const server = createServer(nodeSignalHandler({ secrets: SECRET, onSignal: ({ id }) => woken.push(id) }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closeAfterTest(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    expect((await send(`http://127.0.0.1:${port}/`, signedHeaders(AVAILABLE), AVAILABLE)).status).toBe(202);
    expect(woken.length).toBe(1);
  });
});
