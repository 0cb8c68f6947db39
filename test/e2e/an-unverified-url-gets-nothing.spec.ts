import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { DATABASES, freshDatabase, type FreshDatabase } from '../support/databases.js';
import { type OwnEndpoints, receiverOfItsOwn } from '../support/own-endpoints.js';
import { type ProducerApp, startProducer } from '../support/producer-app.js';
import { type ReceivedSignal, type SignalReceiver, startSignalReceiver } from '../support/signal-receiver.js';
import { publish } from '../support/subscribed.js';

const HOUR = 3_600_000;
const WITHIN = 24 * HOUR;
const START = 1_795_455_000_000;

interface Shown {
  id: string;
  state: string;
  reason: string | null;
}

/** As the receiver module answers: a challenge is repeated, everything else taken. */
function proving(signal: ReceivedSignal, response: ServerResponse): void {
  const { challenge } = signal.json.data as { challenge?: string };
  if (challenge === undefined) response.writeHead(202).end();
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ challenge }));
}

describe.each(DATABASES)('a URL that a receiver enters itself (%s)', (database) => {
  let fresh: FreshDatabase;
  let producer: ProducerApp;
  let own: OwnEndpoints;
  let here: SignalReceiver;
  let there: SignalReceiver;
  let now: number;

  beforeEach(async () => {
    now = START;
    [here, there] = await Promise.all([startSignalReceiver(), startSignalReceiver()]);
    here.answer = proving;
    there.answer = proving;
    fresh = await freshDatabase(database);
    producer = await start();
    own = await receiverOfItsOwn(producer);
  });
  afterEach(async () => {
    await producer.close();
    await fresh.drop();
    await Promise.all([here.close(), there.close()]);
  });

  const start = () =>
    startProducer(
      'fastify',
      { dispatch: false, now: () => now, random: () => 0.5 },
      { ...fresh, drop: () => Promise.resolve() },
    );
  const create = async (over: object = {}): Promise<Shown> =>
    (await own.ask<Shown>('POST', '', { url: here.url, eventTypes: ['*'], ...over })).body;
  const get = async ({ id }: Shown): Promise<Shown> => (await own.ask<Shown>('GET', `/${id}`)).body;
  const typesAt = ({ signals }: SignalReceiver) => signals.map(({ json }) => json.type);
  const eventsAt = ({ signals }: SignalReceiver) =>
    signals.flatMap(({ json }) => (json.type === 'events.available' ? json.data.events.map(({ id }) => id) : []));
  const log = async ({ id }: Shown) =>
    (await own.ask<{ items: Record<string, unknown>[] }>('GET', `/${id}/signals`)).body.items;

  it('is asked at once; what was published since the creation follows the right answer', async () => {
    await publish(producer, { type: 'before.it' });
    const endpoint = await create();
    expect(endpoint).toMatchObject({ state: 'pending', reason: null });
    const events = [await publish(producer, { type: 'a.b' }), await publish(producer, { type: 'a.b' })];
    await producer.dispatchOnce();
    expect(typesAt(here)).toEqual(['endpoint.verification', 'events.available']);
    expect(eventsAt(here)).toEqual(events.map(({ id }) => id));
    expect(await get(endpoint)).toMatchObject({ state: 'active', reason: null });
    expect(await log(endpoint)).toMatchObject([{ kind: 'events' }, { kind: 'verification', outcome: 'acknowledged' }]);
  });

  it('is asked again on the schedule until its time is over, and then not any more', async () => {
    here.answer = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    const endpoint = await create();
    await publish(producer, { type: 'a.b' });
    for (const end = now + WITHIN + HOUR; now < end; now += HOUR) await producer.dispatchOnce();
    expect(await get(endpoint)).toMatchObject({ state: 'disabled', reason: 'unverified' });
    expect(new Set(typesAt(here))).toEqual(new Set(['endpoint.verification']));
    const challenges = here.signals.map(({ json }) => (json.data as unknown as { challenge: string }).challenge);
    expect(new Set(challenges).size).toBe(challenges.length);
    expect(challenges.length).toBeGreaterThan(4);
    expect(await log(endpoint)).toMatchObject([
      ...challenges.map(() => ({ kind: 'verification', outcome: 'failed', status: 200, category: 'challenge_failed' })),
    ]);
    // Until it is told to.
    here.answer = proving;
    expect((await own.ask('POST', `/${endpoint.id}/verify`)).body).toMatchObject({ state: 'pending' });
    await producer.dispatchOnce();
    expect(await get(endpoint)).toMatchObject({ state: 'active', reason: null });
    expect(eventsAt(here)).toHaveLength(1);
    const { items } = (await producer.admin<{ items: object[] }>('GET', `/changes?target=${endpoint.id}`)).body;
    expect(items).toMatchObject([
      { action: 'endpoint.verified', actor: { kind: 'system', id: null }, receiver: own.receiver, status: 200 },
      { action: 'endpoint.verify', actor: { kind: 'credential' } },
      { action: 'endpoint.unverified', actor: { kind: 'system' }, receiver: own.receiver, address: null },
      { action: 'endpoint.create', actor: { kind: 'credential' } },
    ]);
  });

  it('is asked now, and not on the schedule, when somebody says so', async () => {
    here.answer = (_, response) => response.writeHead(503, { 'retry-after': '80000' }).end();
    const endpoint = await create();
    await producer.dispatchOnce();
    here.answer = proving;
    await producer.dispatchOnce();
    expect(await get(endpoint)).toMatchObject({ state: 'pending' });
    await producer.admin('POST', `/endpoints/${endpoint.id}/verify`);
    await producer.dispatchOnce();
    expect(await get(endpoint)).toMatchObject({ state: 'active' });
  });

  it('waits with its signals when it is replaced, and the former one hears nothing more', async () => {
    const endpoint = await create();
    await producer.dispatchOnce();
    there.answer = (_, response) => response.writeHead(202).end();
    expect((await own.ask('PATCH', `/${endpoint.id}`, { url: there.url })).body).toMatchObject({ state: 'pending' });
    const event = await publish(producer, { type: 'a.b' });
    await producer.dispatchOnce();
    expect(typesAt(here)).toEqual(['endpoint.verification']);
    expect(typesAt(there)).toEqual(['endpoint.verification']);
    there.answer = proving;
    now += HOUR;
    await producer.dispatchOnce();
    expect(eventsAt(there)).toEqual([event.id]);
    expect(typesAt(here)).toEqual(['endpoint.verification']);
  });

  it('is not asked again when it is entered once more, nor when something else changes', async () => {
    const endpoint = await create();
    await producer.dispatchOnce();
    for (const change of [{ url: here.url, eventTypes: ['a.*'] }, { description: 'ours' }]) {
      expect((await own.ask('PATCH', `/${endpoint.id}`, change)).body).toMatchObject({ state: 'active' });
    }
  });

  it('is not proved by the answer of the one before, that came while it was replaced', async () => {
    let replaced: Promise<unknown> | undefined;
    here.answer = (signal, response) => {
      // The attacker's own URL is asked, and makes itself another's before it answers.
      replaced ??= own.ask('PATCH', `/${endpoint.id}`, { url: there.url });
      void replaced.then(() => proving(signal, response));
    };
    there.answer = (_, response) => response.writeHead(404).end();
    const endpoint = await create();
    await publish(producer, { type: 'a.b' });
    await producer.dispatchOnce();
    expect(typesAt(here)).toEqual(['endpoint.verification']);
    expect(new Set(typesAt(there))).toEqual(new Set(['endpoint.verification']));
    expect(await get(endpoint)).toMatchObject({ state: 'pending' });
  });

  it('is proved by no challenge of another endpoint, and by none of before', async () => {
    const stolen: string[] = [];
    there.answer = (signal, response) => {
      stolen.push((signal.json.data as unknown as { challenge: string }).challenge);
      response.writeHead(500).end();
    };
    here.answer = (_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ challenge: stolen.at(-1) ?? '' }));
    const [victim, thief] = [await create({ url: there.url }), await create()];
    for (let turn = 0; turn < 3; turn += 1, now += HOUR) await producer.dispatchOnce();
    expect(stolen.length).toBeGreaterThan(1);
    for (const endpoint of [victim, thief]) expect(await get(endpoint)).toMatchObject({ state: 'pending' });
  });

  it('is asked by a producer that came up later with what another one left', async () => {
    const endpoint = await create();
    await producer.close();
    producer = await start();
    await producer.dispatchOnce();
    expect((await producer.admin('GET', `/endpoints/${endpoint.id}`)).body).toMatchObject({ state: 'active' });
  });

  it('needs no proof from the operator, unless he asks for one, and he may vouch for it', async () => {
    const path = `/receivers/${own.receiver}/endpoints`;
    const body = { url: there.url, eventTypes: ['*'] };
    there.answer = (_, response) => response.writeHead(202).end();
    expect((await producer.admin('POST', path, body)).body).toMatchObject({ state: 'active' });
    const asked = (await producer.admin<Shown>('POST', path, { ...body, verify: true })).body;
    expect(asked).toMatchObject({ state: 'pending' });
    await producer.dispatchOnce();
    expect(await get(asked)).toMatchObject({ state: 'pending' });
    const event = await publish(producer, { type: 'a.b' });
    const vouched = await producer.admin('PATCH', `/endpoints/${asked.id}`, { verify: false });
    expect(vouched.body).toMatchObject({ state: 'active', reason: null });
    await producer.dispatchOnce();
    expect(eventsAt(there)).toEqual([event.id, event.id]);
    const again = await producer.admin('PATCH', `/endpoints/${asked.id}`, { verify: true });
    expect(again.body).toMatchObject({ state: 'pending' });
    // A URL that he enters is his to answer for.
    const moved = await producer.admin('PATCH', `/endpoints/${asked.id}`, { url: here.url });
    expect(moved.body).toMatchObject({ state: 'active' });
  });

  it('that is replaced while its endpoint is paused is asked after the resume, and cannot be resumed around the proof', async () => {
    const endpoint = await create();
    await producer.dispatchOnce();
    await producer.admin('POST', `/endpoints/${endpoint.id}/pause`);
    expect((await own.ask('PATCH', `/${endpoint.id}`, { url: there.url })).body).toMatchObject({ state: 'paused' });
    expect((await own.ask('POST', `/${endpoint.id}/verify`)).body).toMatchObject({ state: 'paused' });
    expect((await own.ask('POST', `/${endpoint.id}/test`)).status).toBe(409);
    await publish(producer, { type: 'a.b' });
    await producer.dispatchOnce();
    expect(typesAt(there)).toEqual([]);
    expect((await producer.admin('POST', `/endpoints/${endpoint.id}/resume`)).body).toMatchObject({ state: 'pending' });
    await producer.dispatchOnce();
    expect(typesAt(there)).toEqual(['endpoint.verification', 'events.available']);
  });

  it('that answered 410 is disabled, and comes back by proving itself', async () => {
    here.answer = (_, response) => response.writeHead(410).end();
    const endpoint = await create();
    await producer.dispatchOnce();
    expect(await get(endpoint)).toMatchObject({ state: 'disabled', reason: 'gone' });
    expect((await producer.admin('POST', `/endpoints/${endpoint.id}/resume`)).body).toMatchObject({ state: 'pending' });
    here.answer = proving;
    await producer.dispatchOnce();
    expect(await get(endpoint)).toMatchObject({ state: 'active', reason: null });
  });

  // Of a SQLite file there is one producer.
  if (database === 'postgres')
    it('is asked once, however many producers share the database', async () => {
      const second = await start();
      try {
        const endpoints: Shown[] = [];
        for (let n = 0; n < 20; n += 1) endpoints.push(await create({ url: `${here.url}/${n}` }));
        await Promise.all([producer, second].map((node) => node.dispatchOnce()));
        expect(typesAt(here)).toEqual(endpoints.map(() => 'endpoint.verification'));
        for (const endpoint of endpoints) expect(await get(endpoint)).toMatchObject({ state: 'active' });
      } finally {
        await second.close();
      }
    });
});
