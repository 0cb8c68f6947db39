import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignpostClient } from '../../../src/receiver/client/signpost-client.js';
import { verifySignal } from '../../../src/receiver/client/verify-signal.js';
import { FakeProducer } from '../../../src/testing/fake-producer.js';
import { type SignalReceiver, startSignalReceiver } from '../../support/signal-receiver.js';
import { until } from '../../support/until.js';

let producer: FakeProducer;
let receiver: SignalReceiver;

beforeEach(async () => {
  producer = await FakeProducer.start();
  receiver = await startSignalReceiver();
});
afterEach(async () => {
  await receiver.close();
  await producer.close();
});

const signalled = () => receiver.signals.flatMap(({ json }) => json.data.events.map(({ id }) => id));

describe('signals of the fake producer', () => {
  it('are signed with the endpoint’s secret and list what is new', async () => {
    const { secret } = producer.signalTo(receiver.url);
    const first = await producer.publish({ type: 'a.b' });
    const more = await producer.publishAll([{ type: 'a.c' }, { type: 'a.d' }]);
    expect(signalled()).toEqual([first.id, ...more.map(({ id }) => id)]);
    for (const { body, headers } of receiver.signals)
      expect(verifySignal(body, headers, secret).type).toBe('events.available');
    expect(producer.sentSignals.map(({ status }) => status)).toEqual([202, 202]);
  });

  it('keep to the endpoint’s event types', async () => {
    producer.signalTo(receiver.url, { eventTypes: ['order.*'] });
    await producer.publish({ type: 'invoice.paid' });
    const order = await producer.publish({ type: 'order.placed' });
    expect(signalled()).toEqual([order.id]);
  });

  it('get lost, come twice, and overtake each other, as asked for', async () => {
    producer.signalTo(receiver.url);
    producer.signalFaults.drop();
    await producer.publish({ type: 'lost.one' });
    expect(signalled()).toEqual([]);
    producer.signalFaults.duplicate();
    const twice = await producer.publish({ type: 'a.b' });
    expect(signalled()).toEqual([twice.id, twice.id]);
    expect(new Set(receiver.signals.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    producer.signalFaults.hold();
    const held = [await producer.publish({ type: 'a.c' }), await producer.publish({ type: 'a.d' })];
    expect(signalled()).toHaveLength(2);
    await producer.signalFaults.release('reversed');
    expect(signalled().slice(2)).toEqual([held[1]?.id, held[0]?.id]);
  });

  it('are repeated under the same id, and a receiver that is down does not matter', async () => {
    producer.signalTo('http://127.0.0.1:9/hook');
    await producer.publish({ type: 'a.b' });
    await producer.repeatSignal();
    expect(producer.sentSignals).toMatchObject([{ status: null }, { status: null }]);
    expect(producer.sentSignals[0]?.id).toBe(producer.sentSignals[1]?.id);
  });

  it('wait to be asked for in manual mode', async () => {
    const manual = await FakeProducer.start({ signals: 'manual' });
    manual.signalTo(receiver.url);
    const { id } = await manual.publish({ type: 'a.b' });
    expect(signalled()).toEqual([]);
    await manual.signal();
    expect(signalled()).toEqual([id]);
    await manual.close();
  });
});

describe('the feed of the fake producer', () => {
  const open = (over: object = {}) =>
    new SignpostClient({ url: producer.url, apiKey: producer.apiKey, tries: 1, ...over });

  it('fails, breaks off and is slow as often as asked for', async () => {
    const client = open();
    await producer.publish({ type: 'a.b' });
    producer.feedFaults.fail(429, { retryAfter: 7 }).cut().fail(500);
    await expect(client.page()).rejects.toMatchObject({ status: 429, retryAfterMs: 7_000 });
    await expect(client.page()).rejects.toMatchObject({ code: 'network' });
    await expect(client.page()).rejects.toMatchObject({ status: 500 });
    producer.feedFaults.slow(20);
    expect((await client.page()).events).toHaveLength(1);
    expect(producer.feedFaults.pending).toBe(0);
    expect(producer.requests.map(({ status }) => status)).toEqual([429, null, 500, 200]);
    expect(JSON.stringify(producer.requests)).not.toContain(producer.apiKey);
    await client.close();
  });

  it('forgets what is past its retention, and tells where to go on', async () => {
    const client = open();
    const [first, second] = await producer.publishAll([{ type: 'a.b' }, { type: 'a.c' }]);
    if (second) producer.expireBefore(second);
    // Before the first event, and so older than what is left.
    const before = (await client.page({ limit: 1, ack: false })).events;
    expect(before.map(({ id }) => id)).toEqual([second?.id]);
    await expect(client.getEvent(String(first?.id))).rejects.toMatchObject({ code: 'event_gone' });
    if (second) producer.erase(second);
    expect((await client.page()).events).toEqual([]);
    await client.close();
  });

  it('wakes a long poll, and counts what is acknowledged', async () => {
    const client = open();
    const page = client.page({ waitSeconds: 30 });
    await until(() => producer.requests.length === 1, 'the long poll');
    const { id } = await producer.publish({ type: 'a.b' });
    const { events, cursor } = await page;
    expect(events.map((event) => event.id)).toEqual([id]);
    expect(producer.allAcked).toBe(false);
    await client.page({ after: cursor });
    expect(producer.allAcked).toBe(true);
    await client.close();
  });

  it('takes access tokens of its own, until they are revoked', async () => {
    const { clientId, clientSecret, url } = producer;
    const client = new SignpostClient({ url, clientId, clientSecret, tries: 1 });
    await client.page();
    producer.revokeTokens();
    await client.page();
    expect(producer.requests.filter(({ path }) => path === '/oauth/token')).toHaveLength(2);
    await client.close();
  });

  it('serves endpoints and the catalogue', async () => {
    const client = open();
    producer.describeType('a.b', 'Something');
    expect(await client.eventTypes()).toMatchObject([{ name: 'a.b', description: 'Something' }]);
    const made = await client.endpoints.create({ url: receiver.url, eventTypes: ['a.*'] });
    expect(made.secret).toMatch(/^whsec_/);
    expect(await client.endpoints.get(made.id)).toMatchObject({ url: receiver.url, state: 'pending' });
    await client.endpoints.update(made.id, { eventTypes: ['b.*'] });
    expect(await client.endpoints.list()).toMatchObject([{ id: made.id, eventTypes: ['b.*'] }]);
    producer.mayWriteEndpoints = false;
    await expect(client.endpoints.create({ url: receiver.url, eventTypes: ['*'] })).rejects.toMatchObject({
      status: 403,
    });
    await client.close();
  });

  it('answers an id that is none as one that it does not know', async () => {
    const headers = { authorization: `Bearer ${producer.apiKey}` };
    expect((await fetch(`${producer.url}/v1/events/%zz`, { headers })).status).toBe(404);
  });
});
