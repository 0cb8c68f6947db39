import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { HOSTS, type ProducerApp, startProducer } from '../support/producer-app.js';
import { type OwnEndpoints, receiverOfItsOwn } from '../support/own-endpoints.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish } from '../support/subscribed.js';

const LIMIT = 3;
const UNKNOWN = 'ep_01kaz8fp3wfj2taq4k3bv8s5ch';
/** Every route on one endpoint. */
const ON_ONE: [string, string, unknown?][] = [
  ['GET', ''],
  ['PATCH', '', { description: 'x' }],
  ['DELETE', ''],
  ['GET', '/signals'],
  ['POST', '/rotate-secret', {}],
  ['POST', '/test'],
  ['POST', '/verify'],
];

describe.each(HOSTS)('a receiver and its endpoints (%s with %s)', (platform, database) => {
  let producer: ProducerApp;
  let own: OwnEndpoints;
  let other: OwnEndpoints;
  let target: SignalReceiver;

  beforeAll(async () => {
    target = await startSignalReceiver();
    producer = await startProducer(platform, { dispatch: false, endpoints: { maxPerReceiver: LIMIT } }, database);
    own = await receiverOfItsOwn(producer);
    other = await receiverOfItsOwn(producer);
  });
  afterAll(async () => {
    await producer?.close();
    await target?.close();
  });

  const create = (by = own, over: object = {}) =>
    by.ask<{ id: string; secret: string }>('POST', '', { url: `${target.url}/hook`, eventTypes: ['*'], ...over });

  it('makes one, which is shown with its secret this once', async () => {
    const made = await create(own, { url: `${target.url}/hook/AbCdEf0123456789AbCdEf0123456789`, minInterval: 5 });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.body).toMatchObject({
      receiver: own.receiver,
      url: `${target.url}/hook/***`,
      state: 'pending',
      reason: null,
      minInterval: 5,
      secret: expect.stringMatching(/^whsec_/),
    });
    const got = await own.ask('GET', `/${made.body.id}`);
    const listed = await own.ask<{ items: unknown[] }>('GET', '');
    const { secret, ...view } = made.body;
    expect(got.body).toEqual(view);
    expect(listed.body).toMatchObject({ items: [view], more: false });
    const rotated = await own.ask<{ secret: string }>('POST', `/${made.body.id}/rotate-secret`, { overlap: 0 });
    expect(rotated.body.secret).not.toBe(secret);
    expect(rotated.headers.get('cache-control')).toBe('no-store');
    expect(await own.ask('DELETE', `/${made.body.id}`)).toMatchObject({ status: 204, text: '' });
    expect((await own.ask('GET', `/${made.body.id}`)).status).toBe(404);
  });

  it('has no more of them than the setting allows, whoever made them', async () => {
    const busy = await receiverOfItsOwn(producer);
    const byOperator = { url: target.url, eventTypes: ['*'] };
    await producer.admin('POST', `/receivers/${busy.receiver}/endpoints`, byOperator);
    const answers = await Promise.all(Array.from({ length: LIMIT + 2 }, () => create(busy)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(LIMIT - 1).fill(201), ...Array<number>(3).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      detail: `A receiver may have ${LIMIT} endpoints; change or delete one, or ask the operator`,
    });
    // The operator is not bound by it.
    expect((await producer.admin('POST', `/receivers/${busy.receiver}/endpoints`, byOperator)).status).toBe(201);
  });

  it('is answered the same bytes for one of another receiver and for one that never was', async () => {
    const { body } = await create(other);
    for (const [method, path, sent] of ON_ONE) {
      const [foreign, unknown] = await Promise.all(
        [body.id, UNKNOWN].map((id) => own.ask(method, `/${id}${path}`, sent)),
      );
      expect([method, path, foreign?.status, foreign?.text]).toEqual([method, path, 404, unknown?.text]);
    }
    expect((await other.ask('GET', `/${body.id}`)).body).toMatchObject({ description: null });
    expect(await own.ask('GET', '')).toMatchObject({ body: { items: [] } });
    await other.ask('DELETE', `/${body.id}`);
  });

  it('needs endpoints:write to change, endpoints:read to look, and neither comes with events:read', async () => {
    const { body } = await create();
    for (const [method, path, sent] of [
      ['GET', ''],
      ['POST', '', {}],
    ] as typeof ON_ONE) {
      for (const key of method === 'GET' ? [own.keys.read] : [own.keys.read, own.keys.look]) {
        expect((await own.ask(method, path, sent, key)).status).toBe(403);
      }
    }
    for (const [method, path, sent] of ON_ONE) {
      for (const id of [body.id, UNKNOWN]) {
        const [reading, looking] = [own.keys.read, own.keys.look].map((key) =>
          own.ask(method, `/${id}${path}`, sent, key),
        );
        expect((await reading)?.status).toBe(403);
        expect((await looking)?.status).toBe(method !== 'GET' ? 403 : id === UNKNOWN ? 404 : 200);
      }
    }
    // The scopes of endpoints open no event.
    const feed = await producer.call('GET', '/v1/events', { headers: { authorization: `Bearer ${own.keys.look}` } });
    expect(feed.status).toBe(403);
    await own.ask('DELETE', `/${body.id}`);
  });

  it('cannot say what is the operator’s to say', async () => {
    for (const member of [
      { verify: false },
      { tenant: 'other' },
      { receiver: other.receiver },
      { state: 'active' },
      { limit: 9 },
    ]) {
      const [name] = Object.keys(member);
      expect(await create(own, member)).toMatchObject({ status: 400, body: { errors: [{ pointer: `/${name}` }] } });
    }
    const { body } = await create();
    for (const member of [{ verify: false }, { start: 'oldest' }, { state: 'active' }]) {
      expect((await own.ask('PATCH', `/${body.id}`, member)).status).toBe(400);
    }
    expect((await own.ask('POST', `/${body.id}/resume`)).status).toBe(404);
    await own.ask('DELETE', `/${body.id}`);
  });

  it('gets a test signal to a verified URL, and none to another', async () => {
    const { body } = await create();
    expect(await own.ask('POST', `/${body.id}/test`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('not verified') },
    });
    expect(target.signals.filter(({ json }) => json.data.endpoint === body.id)).toEqual([]);
    await producer.admin('PATCH', `/endpoints/${body.id}`, { verify: false });
    const tested = await own.ask('POST', `/${body.id}/test`);
    expect(tested).toMatchObject({ status: 200, body: { outcome: 'acknowledged', status: 202, category: null } });
    expect(Object.keys(tested.body).sort()).toEqual(['category', 'latencyMs', 'outcome', 'signalId', 'status']);
    const log = await own.ask<{ items: unknown[] }>('GET', `/${body.id}/signals`);
    expect(log.body).toMatchObject({ items: [{ kind: 'test', outcome: 'acknowledged' }], more: false });
    await own.ask('DELETE', `/${body.id}`);
  });

  it('keeps what the feed says apart: what is signalled is not what may be read', async () => {
    const { body } = await create(own, { eventTypes: ['nothing.at_all'] });
    const event = await publish(producer, { type: 'invoice.paid' });
    const read = await producer.call('GET', `/v1/events/${event.id}`, {
      headers: { authorization: `Bearer ${own.keys.write}` },
    });
    expect(read.status).toBe(200);
    await own.ask('DELETE', `/${body.id}`);
  });

  it('leaves an audit row of each look, each change and each refusal', async () => {
    const log = producer.app.get(AccessLog);
    const { receiver, ask, keys } = await receiverOfItsOwn(producer);
    const { body } = await ask<{ id: string }>('POST', '', { url: target.url, eventTypes: ['*'] });
    await ask('GET', `/${body.id}`);
    await ask('GET', `/${UNKNOWN}`);
    await ask('DELETE', `/${body.id}`, undefined, keys.look);
    await ask('DELETE', `/${body.id}`);
    await log.flush();
    const { items } = await log.list({ receiver: receiver as never, limit: 10 });
    expect(items.map(({ action, status, ids }) => [action, status, ids])).toEqual([
      ['endpoints', 204, [body.id]],
      ['endpoints', 403, null],
      ['endpoints', 404, [UNKNOWN]],
      ['endpoints', 200, [body.id]],
      ['endpoints', 201, null],
    ]);
  });
});
