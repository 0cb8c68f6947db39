import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Publisher } from '../../src/index.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';
import { subscribe, type Subscribed } from '../support/subscribed.js';

describe.each(HOSTS)(
  'invariant 2, on %s with %s: positions are in commit order and never move',
  (platform, database) => {
    let producer: ProducerApp;
    let subscribed: Subscribed;

    beforeEach(async () => {
      producer = await startProducer(platform, { dispatch: false }, database);
      subscribed = await subscribe(producer, 'http://127.0.0.1:9/unused');
    });
    afterEach(() => producer.close());

    it('a reader that follows its cursor while many publish meets every event once, and never a new one behind it', async () => {
      const publisher = producer.app.get(Publisher);
      const dataSource = producer.app.get(DataSource);
      const published: string[] = [];
      const publishing = Promise.all(
        Array.from({ length: 60 }, async (_, n) => {
          if (n % 2 === 0) {
            const events = await publisher.publishAlone([{ type: 'alone', tenant: 'acme', data: n }]);
            published.push(...events.map((event) => event.id));
            return;
          }
          await dataSource.transaction(async (manager) => {
            const event = await publisher.publish(manager, { type: 'joined', tenant: 'acme', data: n });
            for (let turn = 0; turn < n % 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
            published.push(event.id);
          });
        }),
      );
      const seen: string[] = [];
      let cursor = '';
      let done = false;
      void publishing.then(() => (done = true));
      for (let last = false; !last;) {
        last = done;
        const page = await subscribed.fetch<{ events: { id: string }[]; cursor: string; more: boolean }>(
          `/v1/events?limit=7&ack=false${cursor && `&after=${cursor}`}`,
        );
        expect(page.status).toBe(200);
        seen.push(...page.body.events.map((event) => event.id));
        cursor = page.body.cursor;
        last &&= !page.body.more;
      }
      await publishing;
      expect(seen).toHaveLength(new Set(seen).size);
      expect([...seen].sort()).toEqual([...published].sort());

      const again: string[] = [];
      let after = '';
      for (let more = true; more;) {
        const page = await subscribed.fetch<{ events: { id: string }[]; cursor: string; more: boolean }>(
          `/v1/events?limit=13&ack=false${after && `&after=${after}`}`,
        );
        again.push(...page.body.events.map((event) => event.id));
        ({ cursor: after, more } = page.body);
      }
      expect(again).toEqual(seen);
    });
  },
);
