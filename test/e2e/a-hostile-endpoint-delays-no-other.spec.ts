import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { DATABASES } from '../support/databases.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';
import { until } from '../support/until.js';

const HOSTILE: Record<string, (response: ServerResponse) => void> = {
  'never answers': () => undefined,
  'drips its headers': (response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\n');
    const drip = setInterval(() => (response.socket?.writable ? response.socket.write('x') : clearInterval(drip)), 50);
  },
  'answers with 10 MiB': (response) => response.writeHead(200).end(Buffer.alloc(10 * 1024 * 1024)),
  'resets the connection': (response) => response.socket?.resetAndDestroy(),
  'redirects for ever': (response) => response.writeHead(307, { location: '/again' }).end(),
  'asks for an hour': (response) => response.writeHead(429, { 'retry-after': '3600' }).end(),
};

describe.each(DATABASES)(
  'invariant 10, on %s: one slow, huge-bodied or hostile endpoint does not delay another',
  (database) => {
    let producer: ProducerApp;
    let healthy: SignalReceiver[];
    let hostile: SignalReceiver[];

    beforeEach(async () => {
      const dispatch = { maxInFlight: Object.keys(HOSTILE).length + 2, signalTimeoutMs: 20_000, pollIntervalMs: 50 };
      producer = await startProducer('fastify', { dispatch }, database);
      healthy = await Promise.all([startSignalReceiver(), startSignalReceiver()]);
      hostile = [];
      for (const behave of Object.values(HOSTILE)) {
        const receiver = await startSignalReceiver();
        receiver.answer = (_, response) => behave(response);
        hostile.push(receiver);
      }
      for (const receiver of [...hostile, ...healthy]) await subscribe(producer, receiver.url);
    });
    afterEach(async () => {
      await Promise.all([...healthy, ...hostile].map((receiver) => receiver.close()));
      await producer.close();
    });

    it('the healthy ones are signalled of everything while the hostile ones still hold their one place', async () => {
      const published: string[] = [];
      for (let n = 0; n < 20; n += 1) {
        published.push((await publish(producer, { type: 'a' })).id);
        // Far below the hostile ones' timeout of 20 s, which is what this test would run into otherwise.
        await until(
          () => healthy.every((receiver) => listed(receiver).includes(published.at(-1) ?? '')),
          'healthy',
          10_000,
        );
      }
      expect(healthy.map(listed)).toEqual([published, published]);
      expect(hostile.map((receiver) => receiver.signals.length > 0)).toEqual(hostile.map(() => true));
      expect(Math.max(...hostile.map((receiver) => receiver.peak))).toBe(1);
    });

    const listed = (receiver: SignalReceiver) =>
      receiver.signals.flatMap((signal) => signal.json.data.events.map((event) => event.id));
  },
);
