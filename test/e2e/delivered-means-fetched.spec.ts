import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProgressRecorder } from '../../src/producer/fetch-api/progress-recorder.js';
import { ManualClock } from '../support/clock.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe, type Subscribed } from '../support/subscribed.js';
import { until } from '../support/until.js';

const MINUTE = 60_000;

describe.each(HOSTS)('invariant 7, on %s with %s: delivered means fetched', (platform, database) => {
  let producer: ProducerApp;
  let receiver: SignalReceiver;
  let clock: ManualClock;
  let subscribed: Subscribed;

  beforeEach(async () => {
    clock = new ManualClock();
    receiver = await startSignalReceiver();
    producer = await startProducer(platform, { dispatch: false, now: clock.now, random: () => 0.5 }, database);
    subscribed = await subscribe(producer, receiver.url);
  });
  afterEach(async () => {
    await producer.close();
    await receiver.close();
  });

  const standing = async (event: string) => {
    const { body } = await producer.admin<{ endpoints: { state: string }[] }>('GET', `/events/${event}`);
    return body.endpoints.map((endpoint) => endpoint.state);
  };
  const listed = () => receiver.signals.map((signal) => signal.json.data.events.map((event) => event.id));

  it('an acknowledged signal whose events nobody fetches comes again, on the schedule, until they are fetched', async () => {
    const { id } = await publish(producer, { type: 'a' });
    expect(await standing(id)).toEqual(['waiting']);
    await producer.dispatchOnce();
    expect(await standing(id)).toEqual(['signalled']);
    for (const [wait, signals] of [
      [4.9, 1],
      [0.1, 2],
      [29.9, 2],
      [0.1, 3],
    ] as const) {
      clock.advance(wait * MINUTE);
      await producer.dispatchOnce();
      expect(receiver.signals).toHaveLength(signals);
    }
    expect(listed()).toEqual([[id], [id], [id]]);
    expect(new Set(receiver.signals.map((signal) => signal.headers['webhook-id'])).size).toBe(3);

    expect((await subscribed.fetch(`/v1/events/${id}`)).status).toBe(200);
    await until(async () => (await standing(id))[0] === 'fetched');
    clock.advance(3 * 24 * 60 * MINUTE);
    await producer.dispatchOnce();
    expect(receiver.signals).toHaveLength(3);
  });

  it.each([
    ['a page of the feed', (s: Subscribed) => s.fetch('/v1/events'), 'fetched'],
    ['an ack through a cursor', (s: Subscribed, cursor: string) => ack(s, { through: cursor }), 'acked'],
    ['an ack by id', (s: Subscribed, _: string, id: string) => ack(s, { ids: [id] }), 'acked'],
    ['a batch', (s: Subscribed, _: string, id: string) => post(s, '/v1/events/batch', { ids: [id] }), 'fetched'],
  ] as const)('%s stops the reminder', async (_, deliver, state) => {
    const { id, cursor } = await publish(producer, { type: 'a' });
    await producer.dispatchOnce();
    expect((await deliver(subscribed, cursor, id)).status).toBeLessThan(300);
    await until(async () => (await standing(id))[0] === state);
    clock.advance(10 * MINUTE);
    await producer.dispatchOnce();
    expect(receiver.signals).toHaveLength(1);
  });

  it('reading with ack=false moves nothing and stops no reminder', async () => {
    await publish(producer, { type: 'a' });
    await producer.dispatchOnce();
    await subscribed.fetch('/v1/events?ack=false');
    await producer.app.get(ProgressRecorder).flush();
    clock.advance(5 * MINUTE);
    await producer.dispatchOnce();
    expect(receiver.signals).toHaveLength(2);
  });

  const post = (s: Subscribed, path: string, body: unknown) =>
    producer.call('POST', path, {
      headers: { authorization: `Bearer ${s.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const ack = (s: Subscribed, body: unknown) => post(s, '/v1/acks', body);
});
