import { describe, expect, it } from '@jest/globals';
import { ClientClosedError, UnavailableError } from '../../../src/receiver/client/index.js';
import { retryAfterMs } from '../../../src/receiver/client/retry-after.js';
import { sleep } from '../../../src/receiver/client/retries.js';
import { startRawReceiver } from '../../support/signal-loopback.js';
import { until } from '../../support/until.js';
import {
  type Answer,
  clientOf,
  closeAfterTest,
  eventId,
  page,
  problemAnswer,
  rejection,
  startProducer,
} from './producer-server.js';

const POSITION: Answer = { json: { head: 'h', fetched: 'f', acked: 'a', lag: 0 } };
const never: Answer = () => undefined;

describe('what may pass', () => {
  it.each<[string, Answer]>([
    ['an unavailable producer', problemAnswer(503, 'unavailable')],
    ['an error of the producer', problemAnswer(500, 'internal')],
    ["a proxy's error", { status: 504 }],
    ['a rate limit', problemAnswer(429, 'rate_limited')],
    ['a change that cannot be seen yet', problemAnswer(425, 'too_early')],
    ['a lost connection', (response) => response.destroy()],
    [
      'half an answer',
      (response) => response.writeHead(200, { 'content-length': 50 }).write('{') && response.destroy(),
    ],
  ])('is asked again: %s', async (_what, answer) => {
    const producer = await startProducer(answer, answer, POSITION);
    const { client, slept } = clientOf(producer.url);
    expect(await client.position()).toMatchObject({ head: 'h' });
    expect(slept).toEqual([250, 500]);
  });

  it('is given up after four tries, with waits that double, drawn from the whole range', async () => {
    const producer = await startProducer(problemAnswer(503, 'unavailable'));
    const half = clientOf(producer.url, { random: () => 0.5 });
    expect(await rejection(half.client.position())).toBeInstanceOf(UnavailableError);
    expect(half.slept).toEqual([125, 250, 500]);
    expect(producer.seen.length).toBe(4);
  });

  it('is never waited for longer than the longest wait', async () => {
    const producer = await startProducer(problemAnswer(503, 'unavailable'));
    const { client, slept } = clientOf(producer.url, { tries: 9, longestPauseMs: 1_000 });
    await rejection(client.position());
    expect(slept).toEqual([250, 500, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
  });

  it('holds for acknowledgements and batches as well', async () => {
    const producer = await startProducer({ status: 503 }, { status: 204 });
    const { client } = clientOf(producer.url);
    await client.ack({ ids: [eventId(1)] });
    expect(producer.seen.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });
});

describe('what is wrong with the request', () => {
  it.each([400, 401, 403, 404, 410, 415])('is not asked again: %i', async (status) => {
    const producer = await startProducer(problemAnswer(status, 'not_found'));
    const { client, slept } = clientOf(producer.url);
    await rejection(client.getEvent(eventId(1)));
    expect(producer.seen.length).toBe(1);
    expect(slept).toEqual([]);
  });
});

describe('a producer that asks for time', () => {
  const wait = (value: string): Answer => ({ status: 503, headers: { 'retry-after': value } });
  const now = Date.UTC(2026, 10, 24, 12, 0, 0);

  it.each([
    ['30', 30_000],
    ['Tue, 24 Nov 2026 12:00:20 GMT', 20_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['soon', 0],
  ])('gets it: %s', async (value, ms) => {
    const producer = await startProducer(wait(value), POSITION);
    const { client, slept } = clientOf(producer.url, { now: () => now });
    await client.position();
    // Jitter comes on top: all of its clients were told the same.
    expect(slept).toEqual([ms + 250]);
  });

  it('for longer than the limit is not asked again, and the caller learns for how long', async () => {
    const producer = await startProducer(wait('61'));
    const { client, slept } = clientOf(producer.url);
    expect(await rejection(client.position())).toMatchObject({ code: 'unavailable', retryAfterMs: 61_000 });
    expect(slept).toEqual([]);
  });

  it.each([
    ['0', 0],
    ['86401', 86_400_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
    [undefined, undefined],
    ['2026-11-24', undefined],
    ['Tue, 24 Nov 2026 12:00:20 CET', undefined],
    [['5', '10'], 5_000],
  ])('says %s and means %s ms', (value, ms) => {
    expect(retryAfterMs(value, now)).toBe(ms);
  });
});

describe('time', () => {
  it('is up when no answer comes', async () => {
    const producer = await startProducer(never);
    const { client } = clientOf(producer.url, { timeoutMs: 50, tries: 2 });
    expect(await rejection(client.position())).toMatchObject({ code: 'timeout' });
    expect(producer.seen.length).toBe(2);
  });

  it('is up when the answer drips', async () => {
    const producer = await startProducer((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    });
    const { client } = clientOf(producer.url, { timeoutMs: 60, tries: 1 });
    expect(await rejection(client.position())).toMatchObject({ code: 'timeout' });
  });

  it('is up when the other side accepts the connection and never speaks TLS', async () => {
    const server = await startRawReceiver(() => undefined);
    closeAfterTest(() => server.close());
    const { client } = clientOf(`https://127.0.0.1:${server.port}`, { timeoutMs: 50, tries: 1 });
    expect(await rejection(client.position())).toMatchObject({ code: 'timeout' });
  });

  it('of a long poll comes on top', async () => {
    const producer = await startProducer((response) => {
      setTimeout(
        () =>
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end('{"events":[],"cursor":"c","more":false}'),
        150,
      );
    });
    const { client } = clientOf(producer.url, { timeoutMs: 50, tries: 1 });
    expect(await client.page({ waitSeconds: 10 })).toMatchObject({ cursor: 'c' });
  });
});

describe('whoever aborts', () => {
  it('gets the reason that they gave, and nothing is asked again', async () => {
    const producer = await startProducer(never);
    const { client } = clientOf(producer.url);
    const controller = new AbortController();
    const reason = new Error('enough');
    const call = rejection(client.page({ signal: controller.signal }));
    await until(() => producer.seen.length === 1, 'the request');
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(producer.seen.length).toBe(1);
  });

  it('in the wait between two tries does not have to sit it out', async () => {
    const producer = await startProducer({ status: 503, headers: { 'retry-after': '50' } });
    const controller = new AbortController();
    let sleeping = false;
    const { client } = clientOf(producer.url, {
      sleep: (ms, signal) => {
        sleeping = true;
        return sleep(ms, signal);
      },
    });
    const call = rejection(client.position({ signal: controller.signal }));
    await until(() => sleeping, 'the wait');
    controller.abort('enough');
    expect(await call).toBe('enough');
  });

  it('before the call sends nothing', async () => {
    const producer = await startProducer(page([], 'c', false));
    const { client } = clientOf(producer.url);
    expect(await rejection(client.page({ signal: AbortSignal.abort('enough') }))).toBe('enough');
    expect(producer.seen).toEqual([]);
  });
});

describe('a closed client', () => {
  it('breaks off what is under way, and refuses more', async () => {
    const producer = await startProducer(never);
    const { client } = clientOf(producer.url);
    const call = rejection(client.position());
    await until(() => producer.seen.length === 1, 'the request');
    await client.close();
    expect(await call).toBeInstanceOf(ClientClosedError);
    expect(await rejection(client.position())).toBeInstanceOf(ClientClosedError);
    expect(producer.seen.length).toBe(1);
  });

  it('ends the wait between two tries', async () => {
    const producer = await startProducer({ status: 503, headers: { 'retry-after': '50' } });
    const { client } = clientOf(producer.url, { sleep });
    const call = rejection(client.position());
    await until(() => producer.seen.length === 1, 'the request');
    await client.close();
    expect(await call).toBeInstanceOf(ClientClosedError);
  });
});
