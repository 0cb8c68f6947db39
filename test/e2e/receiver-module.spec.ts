import { afterEach, describe, expect, it } from '@jest/globals';
import { freshDatabase, type FreshDatabase } from '../support/databases.js';
import { freePort } from '../package/readme-project.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { startReceiverApp, type ReceiverApp } from '../support/receiver-app.js';
import { publish, subscribe } from '../support/subscribed.js';
import { until } from '../support/until.js';

describe.each(HOSTS)('the receiver module on %s with %s, beside a real producer', (platform, database) => {
  let producer: ProducerApp | undefined;
  let receiver: ReceiverApp | undefined;
  let ofReceiver: FreshDatabase | undefined;
  afterEach(async () => {
    await receiver?.close();
    await ofReceiver?.drop();
    await producer?.close();
  });

  it('takes signals, reads the feed, and handles every event in order', async () => {
    const started = (producer = await startProducer(platform, {}, database));
    const port = await freePort();
    const { apiKey, secret, fetch } = await subscribe(started, `http://127.0.0.1:${port}/signals`);
    ofReceiver = await freshDatabase(database);
    receiver = await startReceiverApp({
      platform,
      database: ofReceiver.options,
      port,
      producer: { url: started.url, apiKey },
      signing: { secret },
      // Signals only: no timer comes to help within this test.
      drain: { intervalMs: 3_600_000, pageSize: 3 },
      handling: { order: 'all' },
    });
    const { effects } = receiver;
    const published: string[] = [];
    for (let number = 0; number < 8; number++) {
      published.push((await publish(started, { type: 'order.placed', subject: `${number % 2}` })).id);
    }
    await until(async () => (await effects()).length >= 8, 'the effects');
    expect(await effects()).toEqual(published);
    expect(await receiver.inbox.counts()).toEqual({ waiting: 0, failed: 0, parked: 0, done: 8, discarded: 0 });
    expect(await receiver.receiver.status()).toMatchObject({ feed: { state: 'ok', error: null } });
    // The drain's last request found the feed empty, and so acknowledged the page before it.
    const acked = async () => {
      const { body } = await fetch<{ head: string; acked: string }>('/v1/position');
      return body.acked === body.head;
    };
    await until(acked, 'everything is acknowledged');
  });
});
