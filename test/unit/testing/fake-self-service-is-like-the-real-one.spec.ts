import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeProducer } from '../../../src/testing/fake-producer.js';
import { type OwnEndpoints, receiverOfItsOwn } from '../../support/own-endpoints.js';
import { type ProducerApp, startProducer } from '../../support/producer-app.js';
import { type SignalReceiver, startSignalReceiver } from '../../support/signal-receiver.js';
import { until } from '../../support/until.js';

type Ask = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;

const UNKNOWN = 'ep_01kaz8fp3wfj2taq4k3bv8s5ch';

let fake: FakeProducer;
let real: ProducerApp;
let target: SignalReceiver;
let sides: { ask: Ask; turn: () => Promise<unknown> }[];

beforeAll(async () => {
  target = await startSignalReceiver();
  target.answer = ({ json }, response) => {
    const { challenge } = json.data as { challenge?: string };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge }));
  };
  fake = await FakeProducer.start();
  real = await startProducer('fastify', { dispatch: false });
  const own: OwnEndpoints = await receiverOfItsOwn(real, 'default');
  const askFake: Ask = async (method, path, body) => {
    const answer = await fetch(`${fake.url}/v1/endpoints${path}`, {
      method,
      headers: { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  sides = [
    { ask: askFake, turn: () => Promise.resolve() },
    { ask: (method, path, body) => own.ask(method, path, body), turn: () => real.dispatchOnce() },
  ];
});
afterAll(async () => {
  await fake?.close();
  await real?.close();
  await target?.close();
});

/** What differs by nature is named, not compared: ids, secrets, cursors, times, and words for people. */
function plain(body: unknown): unknown {
  const text = JSON.stringify(body, (key, member: unknown) => {
    if (['detail', 'message', 'latencyMs'].includes(key)) return undefined;
    if (/At$/.test(key)) return 'time';
    if (key === 'cursor') return typeof member;
    return typeof member === 'string' ? member.replace(/^(ep|rcv|sig|whsec)_.+/, '$1') : member;
  });
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** The same requests to both, in their order; each answer by its step's name. */
async function walk({ ask, turn }: (typeof sides)[number]): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  const step = async (name: string, ...request: Parameters<Ask>) => {
    const { status, body } = await ask(...request);
    answers[name] = { status, body: plain(body) };
    return body as { id: string; state?: string };
  };
  const url = `${target.url}/hook`;
  await step('a list of none', 'GET', '');
  await step('one without a url', 'POST', '', { eventTypes: ['*'] });
  await step('one without event types', 'POST', '', { url });
  // Nobody listens there: it stays pending.
  const pending = await step('one that is made', 'POST', '', { url: 'http://127.0.0.1:9/hook', eventTypes: ['a.*'] });
  await step('the one', 'GET', `/${pending.id}`);
  await step('a list of one', 'GET', '');
  await step('a test while it is pending', 'POST', `/${pending.id}/test`);
  await step('asking again while it is pending', 'POST', `/${pending.id}/verify`);
  await step('another description', 'PATCH', `/${pending.id}`, { description: 'ours' });
  await step('a new secret', 'POST', `/${pending.id}/rotate-secret`, {});
  await step('another url', 'PATCH', `/${pending.id}`, { url });
  await until(async () => {
    await turn();
    return ((await ask('GET', `/${pending.id}`)).body as { state: string }).state === 'active';
  }, 'the endpoint to be verified');
  await step('the one, once it has repeated the challenge', 'GET', `/${pending.id}`);
  await step('a test of it', 'POST', `/${pending.id}/test`);
  await step('asking again while it is active', 'POST', `/${pending.id}/verify`);
  await step('the same url again', 'PATCH', `/${pending.id}`, { url });
  const log = (await ask('GET', `/${pending.id}/signals`)).body as { items: { kind: string }[] };
  answers['the attempts of it, the last two'] = plain(log.items.slice(0, 2));
  await step('the end of it', 'DELETE', `/${pending.id}`);
  await step('the one that was', 'GET', `/${pending.id}`);
  for (const [method, path] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/signals'],
    ['POST', '/test'],
    ['POST', '/verify'],
    ['POST', '/rotate-secret'],
  ] as const) {
    await step(
      `${method} ${path} of one that never was`,
      method,
      `/${UNKNOWN}${path}`,
      method === 'PATCH' ? {} : undefined,
    );
  }
  return answers;
}

describe('the fake producer’s self-service', () => {
  it('answers each step as the real one does', async () => {
    const [ofFake, ofReal] = await Promise.all(sides.map(walk));
    expect(ofFake).toEqual(ofReal);
    expect(ofReal).toMatchObject({
      'a test while it is pending': { status: 409 },
      'the one, once it has repeated the challenge': { body: { state: 'active' } },
      'the end of it': { status: 204 },
    });
  });
});
