import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';
import { until } from '../support/until.js';

describe.each(HOSTS)(
  'invariants 3 and 4, on %s with %s: at least once, in order, one signal in flight per endpoint',
  (platform, database) => {
    let producer: ProducerApp;
    let receiver: SignalReceiver;

    beforeEach(async () => {
      receiver = await startSignalReceiver();
      producer = await startProducer(platform, { dispatch: { retrySchedule: [20], pollIntervalMs: 50 } }, database);
    });
    afterEach(async () => {
      await producer.close();
      await receiver.close();
    });

    it('events published while a signal is in flight go out together in the next one', async () => {
      await subscribe(producer, receiver.url);
      const held: (() => void)[] = [];
      receiver.answer = (_, response) => held.push(() => response.writeHead(202).end());
      const published = [(await publish(producer, { type: 'a' })).id];
      await until(() => held.length === 1);
      for (let n = 0; n < 20; n += 1) published.push((await publish(producer, { type: 'a' })).id);
      expect(receiver.signals).toHaveLength(1);
      receiver.answer = (_, response) => response.writeHead(202).end();
      held.forEach((release) => release());
      const listed = () => receiver.signals.flatMap((signal) => signal.json.data.events.map((event) => event.id));
      await until(() => listed().length >= published.length);
      expect(listed()).toEqual(published);
      expect(receiver.signals).toHaveLength(2);
      expect(receiver.peak).toBe(1);
    });

    it('through failures of every kind each event is signalled, in order, never two signals at once', async () => {
      await subscribe(producer, receiver.url, { maxEventsPerSignal: 5 });
      let count = 0;
      receiver.answer = (_, response) => {
        count += 1;
        if (count % 4 === 1) response.socket?.destroy();
        else if (count % 4 === 2) response.writeHead(500).end('no');
        else if (count % 4 === 3) response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
        else response.writeHead(204).end();
      };
      const published: string[] = [];
      for (let n = 0; n < 30; n += 1) published.push((await publish(producer, { type: 'a', data: { n } })).id);
      const acknowledged: string[] = [];
      await until(() => {
        acknowledged.length = 0;
        const byId = new Map(receiver.signals.map((signal) => [signal.headers['webhook-id'], signal]));
        for (const signal of byId.values()) acknowledged.push(...signal.json.data.events.map((event) => event.id));
        return acknowledged.length >= published.length;
      }, 'every event was signalled');
      expect(acknowledged).toEqual(published);
      expect(receiver.peak).toBe(1);
    });
  },
);
