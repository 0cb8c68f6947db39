import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import express from 'express';
import { signStandard } from '../../src/protocol/standard-webhooks.js';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { signTestSignal, type TestSignal } from '../../src/testing/test-signal.js';
import { type Platform, PLATFORMS } from '../support/producer-app.js';
import { type ReceiverApp, type ReceiverAppSettings, startReceiverApp } from '../support/receiver-app.js';
import { until } from '../support/until.js';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const other = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
const events = { events: [{ type: 'invoice.paid' }] };
const good = (over: object = {}): TestSignal => signTestSignal(events, { secret, ...over });
const late = (seconds: number) => () => Date.now() + seconds * 1_000;

interface Bad {
  send(): TestSignal | [TestSignal, [string, string][]];
  status: number;
  reason: string;
}

/** What is sent, what it is answered, and what only the log says. */
const BAD: Record<string, Bad> = {
  'a signature with another secret': {
    send: () => signTestSignal(events, { secret: other }),
    status: 401,
    reason: 'no_matching_signature',
  },
  'a body that was changed': {
    send: () => ({ ...good(), body: good().body.replace('paid', 'void') }),
    status: 401,
    reason: 'no_matching_signature',
  },
  'a time that was changed': {
    send: () => {
      const { body, headers } = good();
      return { body, headers: { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) } };
    },
    status: 401,
    reason: 'no_matching_signature',
  },
  'a replay after five minutes': { send: () => good({ now: late(-301) }), status: 401, reason: 'timestamp_too_old' },
  'a signal from the future': { send: () => good({ now: late(330) }), status: 401, reason: 'timestamp_too_new' },
  'no signature': { send: () => without('webhook-signature'), status: 401, reason: 'missing_header' },
  'no id': { send: () => without('webhook-id'), status: 401, reason: 'missing_header' },
  'two signatures': {
    send: () => [good(), [['webhook-signature', 'v1,AAAA']]],
    status: 401,
    reason: 'repeated_header',
  },
  'two ids': { send: () => [good(), [['webhook-id', 'sig_2']]], status: 401, reason: 'repeated_header' },
  'no JSON': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-type': 'text/plain' } }),
    status: 415,
    reason: 'not_json',
  },
  'a form': {
    send: () => ({ body: 'a=b', headers: { ...good().headers, 'content-type': 'application/x-www-form-urlencoded' } }),
    status: 415,
    reason: 'not_json',
  },
  'no JSON that is long': {
    send: () => ({ body: 'x'.repeat(150_000), headers: { ...good().headers, 'content-type': 'text/plain' } }),
    status: 415,
    reason: 'not_json',
  },
  'no content type': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-type': '' } }),
    status: 415,
    reason: 'not_json',
  },
  'a type that is none': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-type': 'application/' } }),
    status: 415,
    reason: 'not_json',
  },
  'another charset': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-type': 'application/json; charset=utf-16' } }),
    status: 415,
    reason: 'not_json',
  },
  'a charset that is none': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-type': 'application/json; charset=nonsense' } }),
    status: 415,
    reason: 'not_json',
  },
  'a content-encoding': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-encoding': 'gzip' } }),
    status: 415,
    reason: 'encoded',
  },
  'an unknown content-encoding': {
    send: () => ({ ...good(), headers: { ...good().headers, 'content-encoding': 'nonsense' } }),
    status: 415,
    reason: 'encoded',
  },
  'malformed JSON': { send: () => ({ ...good(), body: '{"type":' }), status: 401, reason: 'no_matching_signature' },
  'an empty body': { send: () => ({ ...good(), body: '' }), status: 401, reason: 'no_matching_signature' },
  '150 kB': { send: () => ofSize(150_000), status: 401, reason: 'no_matching_signature' },
  '300 kB': { send: () => ofSize(300_000), status: 413, reason: 'too_large' },
  '2 MB': { send: () => ofSize(2_000_000), status: 413, reason: 'too_large' },
  'well-signed malformed JSON': {
    send: () => signed('{"type":'),
    status: 400,
    reason: 'invalid_signal',
  },
  'a well-signed empty body': { send: () => signed(''), status: 400, reason: 'invalid_signal' },
  'well-signed nonsense': {
    send: () => signTestSignal({ type: 'events.available', timestamp: 'x', data: {} } as never, { secret }),
    status: 400,
    reason: 'invalid_signal',
  },
};

const ofSize = (bytes: number): TestSignal => ({ ...good(), body: JSON.stringify({ text: 'x'.repeat(bytes) }) });

function signed(body: string): TestSignal {
  const { headers } = good();
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  return {
    body,
    headers: { ...headers, 'webhook-signature': signStandard({ id, timestamp, body, secrets: [secret] }) },
  };
}

function without(name: string): TestSignal {
  const { body, headers } = good();
  return { body, headers: Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name)) };
}

/** What an application may do about bodies, and what must make no difference. */
const HOSTS: [host: string, platform: Platform, settings: Partial<ReceiverAppSettings>][] = [
  ...PLATFORMS.flatMap((platform): typeof HOSTS => [
    [platform, platform, {}],
    [`${platform} with raw bodies`, platform, { nest: { rawBody: true } }],
    [`${platform} without Nest’s body parser`, platform, { nest: { bodyParser: false } }],
  ]),
  ['express with a parser of its own', 'express', { instrument: ({ app }) => app.use(express.json(), express.text()) }],
];

/** What a parser of the host's could come between. */
const OF_THE_BODY = new Set(['150 kB', '2 MB', 'well-signed malformed JSON', 'a well-signed empty body']);

describe.each(HOSTS)('the signal route on %s', (_host, platform, settings) => {
  const isPlain = Object.keys(settings).length === 0;
  let producer: FakeProducer;
  let receiver: ReceiverApp;
  let log: string[];
  const { overrideLogger } = Logger;

  beforeEach(async () => {
    log = [];
    producer = await FakeProducer.start();
    receiver = await startReceiverApp({
      platform,
      producer: { url: producer.url, apiKey: producer.apiKey },
      signing: { secret },
      drain: { intervalMs: 3_600_000 },
      handling: { pollIntervalMs: 3_600_000 },
      ...settings,
    });
    // Behind the one at the start, so that nothing is under way any more.
    await receiver.receiver.drainOnce();
    await receiver.receiver.drainOnce();
    const write = (message: unknown) => void log.push(String(message));
    Logger.overrideLogger({ log: write, warn: write, error: write });
  });
  afterEach(async () => {
    overrideLogger.call(Logger, false);
    await receiver.close();
    await producer.close();
  });

  async function send(
    { body, headers }: TestSignal,
    more: [string, string][] = [],
  ): Promise<{ status: number; text: string }> {
    const answer = await fetch(receiver.url, { method: 'POST', headers: [...Object.entries(headers), ...more], body });
    return { status: answer.status, text: await answer.text() };
  }

  const dump = () => receiver.dataSource.query<{ n: number }[]>('SELECT total_changes() AS n');

  it.each(Object.entries(BAD).filter(([name]) => isPlain || OF_THE_BODY.has(name)))(
    'refuses %s, and says why in the log only',
    async (_, { send: make, status, reason }) => {
      const before = [await dump(), producer.requests.length];
      const made = make();
      const [signal, more] = Array.isArray(made) ? made : [made, []];
      expect(await send(signal, more)).toEqual({ status, text: '' });
      expect(log).toEqual([expect.stringContaining(reason)]);
      expect(log.join()).not.toContain(secret);
      expect([await dump(), producer.requests.length]).toEqual(before);
    },
  );

  it('refuses an exact copy of a signal that was taken', async () => {
    const signal = good();
    expect(await send(signal)).toEqual({ status: 202, text: '' });
    await receiver.receiver.drainOnce();
    await receiver.receiver.drainOnce();
    const before = [await dump(), producer.requests.length];
    expect(await send(signal)).toEqual({ status: 401, text: '' });
    expect(log).toEqual([expect.stringContaining('replayed')]);
    expect([await dump(), producer.requests.length]).toEqual(before);
  });

  it('is there for POST only', async () => {
    expect((await fetch(receiver.url)).status).toBe(404);
  });

  it('does not fill the log when it is flooded', async () => {
    for (let time = 0; time < 20; time++) await send(signTestSignal(events, { secret: other }));
    expect(log).toHaveLength(1);
  });

  it('answers a good signal at once and reads the feed', async () => {
    const { id } = await producer.publish({ type: 'invoice.paid' });
    expect(await send(good())).toEqual({ status: 202, text: '' });
    await until(async () => (await receiver.effects()).includes(id), 'the effect');
  });

  it('answers a verification challenge by itself', async () => {
    const challenge = {
      type: 'endpoint.verification',
      timestamp: new Date().toISOString(),
      data: { endpoint: 'ep_01kaz8fp3wfj2taq4k3bv8s5ch', challenge: 'abc' },
    };
    const answer = await send(signTestSignal(challenge as never, { secret }));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { challenge: 'abc' }]);
  });

  it('lets a signal pass that only a newer version knows', async () => {
    const unknown = { type: 'something.new', timestamp: new Date().toISOString(), data: {} };
    expect((await send(signTestSignal(unknown as never, { secret }))).status).toBe(202);
  });
});
