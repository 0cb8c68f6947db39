import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { FakeProducer } from '../../src/testing/fake-producer.js';
import { type ReceiverApp, startReceiverApp } from '../support/receiver-app.js';
import { until } from '../support/until.js';

let producer: FakeProducer;
let receiver: ReceiverApp;

beforeEach(async () => {
  // No endpoint: nobody is ever signalled.
  producer = await FakeProducer.start();
});
afterEach(async () => {
  await receiver.close();
  await producer.close();
});

const start = (intervalMs: number): Promise<ReceiverApp> =>
  startReceiverApp({
    producer: { url: producer.url, apiKey: producer.apiKey },
    signing: { secret: `whsec_${Buffer.alloc(32).toString('base64')}` },
    drain: { intervalMs },
    path: false,
  });

it('what was published while the receiver was away comes with its start', async () => {
  const events = await producer.publishAll([{ type: 'a.b' }, { type: 'a.c' }]);
  receiver = await start(3_600_000);
  await until(async () => (await receiver.effects()).length === 2, 'both events');
  expect(new Set(await receiver.effects())).toEqual(new Set(events.map(({ id }) => id)));
});

it('what is published later comes with the timer', async () => {
  receiver = await start(50);
  const { id } = await producer.publish({ type: 'a.b' });
  await until(async () => (await receiver.effects()).includes(id), 'the event');
});

it('a producer that is away, and comes back, is read again', async () => {
  producer.feedFaults.fail(503, { times: 6 });
  const { id } = await producer.publish({ type: 'a.b' });
  receiver = await start(3_600_000);
  await until(async () => (await receiver.effects()).includes(id), 'the event', 25_000);
});
