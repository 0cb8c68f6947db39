import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Publisher } from '../../src/index.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';
import { subscribe, type Subscribed } from '../support/subscribed.js';
import { until } from '../support/until.js';

describe.each(HOSTS)('invariant 1, on %s with %s: no event without its transaction', (platform, database) => {
  let producer: ProducerApp;
  let receiver: SignalReceiver;
  let subscribed: Subscribed;

  beforeEach(async () => {
    receiver = await startSignalReceiver();
    producer = await startProducer(platform, {}, database);
    subscribed = await subscribe(producer, receiver.url);
  });
  afterEach(async () => {
    await producer.close();
    await receiver.close();
  });

  const signalled = () => receiver.signals.flatMap((signal) => signal.json.data.events.map((event) => event.id));

  it('of 200 overlapping transactions, a third failing, the committed ones are signalled and fetched, the others never were', async () => {
    const dataSource = producer.app.get(DataSource);
    const publisher = producer.app.get(Publisher);
    await dataSource.query('CREATE TABLE invoice (id integer PRIMARY KEY, event text NOT NULL)');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) =>
        dataSource.transaction(async (manager) => {
          await manager.query('SELECT count(*) FROM invoice');
          const event = await publisher.publish(manager, {
            type: 'invoice.created',
            tenant: 'acme',
            subject: `${n}`,
            data: { n },
          });
          await manager.sql`INSERT INTO invoice (id, event) VALUES (${n}, ${event.id})`;
          await new Promise((resolve) => setImmediate(resolve));
          if (n % 3 === 0) throw new Error('changed my mind');
          return event.id as string;
        }),
      ),
    );
    const committed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
    expect(committed).toHaveLength(133);
    expect(new Set(reasons)).toEqual(new Set(['Error: changed my mind']));

    await until(() => new Set(signalled()).size >= committed.length, 'every committed event was signalled');
    const rows: { event: string }[] = await dataSource.query('SELECT event FROM invoice ORDER BY id');
    expect(rows.map((row) => row.event).sort()).toEqual([...committed].sort());
    expect([...new Set(signalled())].sort()).toEqual([...committed].sort());
    const feed = await subscribed.fetch<{ events: { id: string }[] }>('/v1/events?limit=1000');
    expect(feed.body.events.map((event) => event.id).sort()).toEqual([...committed].sort());
  });

  it('an open transaction’s event is neither signalled nor fetchable before the commit', async () => {
    const publisher = producer.app.get(Publisher);
    let id = '';
    let early: number | undefined;
    let read: Promise<{ status: number }> | undefined;
    await producer.app.get(DataSource).transaction(async (manager) => {
      ({ id } = await publisher.publish(manager, { type: 'a', tenant: 'acme', data: 1 }));
      read = subscribed.fetch(`/v1/events/${id}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // On SQLite the read has its turn after this transaction, and is answered from the committed log.
      if (database === 'postgres') await read;
      early = receiver.signals.length;
    });
    expect(early).toBe(0);
    expect((await read)?.status).toBe(database === 'postgres' ? 404 : 200);
    expect((await subscribed.fetch(`/v1/events/${id}`)).status).toBe(200);
    await until(() => signalled().includes(id));
  });
});
