import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DATABASES } from '../support/databases.js';
import { until } from '../support/until.js';
import { killAllChildren } from './support/child.js';
import {
  NOTHING_MARKED,
  NOTHING_SENT,
  NOTHING_SETTLED,
  PUBLISH_ALONE,
  SETTLED,
  TAKING_OVER,
} from './support/named-points.js';
import { LONG } from './postgres/support/sizes.js';
import { timestampOf } from './support/signals.js';
import { World } from './support/world.js';

jest.setTimeout(60_000);
afterAll(killAllChildren);

describe.each(DATABASES)('on %s', (database) => {
  /** In the long form all of them; else every other one on SQLite, and the last one on PostgreSQL. */
  const some = <Point>(points: readonly Point[]): readonly Point[] => {
    if (LONG) return points;
    return database === 'sqlite' ? points.filter((_, at) => at % 2 === 0) : points.slice(-1);
  };
  let world: World;
  let number = 0;

  beforeAll(async () => {
    world = await World.create(database);
  }, 60_000);
  afterAll(() => world?.close());

  /** Everything that was ever promised, in this crash and in all that came before it on the same file. */
  async function expectAllPromisesKept(): Promise<void> {
    await world.settle();
    for (const [promise, broken] of Object.entries(await world.broken()))
      expect({ promise, broken }).toEqual({ promise, broken: [] });
  }

  /** A name for the next event. */
  const fresh = (what: string): string => `${what}-${(number += 1)}`;

  /** Starts with a producer that runs and has nothing left to do. */
  async function quiet(): Promise<World> {
    if (world.producer.baseUrl === undefined) await world.producer.start();
    await world.settle();
    return world;
  }

  describe('invariant 1: a producer that dies while it publishes in the transaction of its application', () => {
    it.each([
      ['publish: before the insert', false],
      ['publish: after the insert, before COMMIT', false],
      ['publish: after COMMIT, before the wake-up', true],
    ])('%s: has the event if, and only if, it has the application row', async (point, committed) => {
      const { producer, signals } = await quiet();
      const id = fresh('order');
      await producer.arm({ point, nth: 1 });
      expect(await world.order(id)).toBeUndefined();
      expect((await producer.death()).point).toBe(point);
      expect(signals.all.filter(({ body }) => body.includes(id))).toEqual([]);

      await producer.start();
      const { orders, log } = await world.truth();
      expect([orders.has(id), log.some(({ subject }) => subject === id)]).toEqual([committed, committed]);
      expect(await world.order(id)).toMatchObject({ status: committed ? 409 : 201 });
      await expectAllPromisesKept();
    });

    it('amid several transactions, some of which roll back: keeps what was committed and nothing else', async () => {
      const { producer } = await quiet();
      await producer.arm({ point: 'publish: after the insert, before COMMIT', nth: 5 });
      const endings = ['commit', 'rollback', 'savepoint', 'rollback', 'commit'] as const;
      const orders = endings.map((ending) => ({ id: fresh(ending), ending }));
      await Promise.all(orders.map(({ id, ending }) => world.order(id, ending)));
      await producer.death();

      await producer.start();
      for (const { id, ending } of orders) expect(await world.order(id, ending)).toBeDefined();
      await expectAllPromisesKept();
    });
  });

  describe('invariant 8: a producer that dies while it publishes on its own', () => {
    it.each(some(PUBLISH_ALONE[database]))(
      '%s: publishes once, however often the client tries',
      async (point, committed) => {
        const { producer } = await quiet();
        const key = fresh('key');
        await producer.arm({ point, nth: 1 });
        expect(await world.publish(key)).toBeUndefined();
        expect((await producer.death()).point).toBe(point);

        await producer.start();
        const before = (await world.truth()).log.filter((row) => row.key === key);
        expect(before).toHaveLength(committed ? 1 : 0);
        expect(await world.publish(key)).toMatchObject({ status: committed ? 200 : 201 });
        expect(await world.publish(key)).toMatchObject({ status: 200 });
        expect((await world.truth()).log.filter((row) => row.key === key)).toHaveLength(1);
        await expectAllPromisesKept();
      },
    );

    it('in the group commit of a batch: has all of its events or none', async () => {
      const { producer } = await quiet();
      const key = fresh('batch');
      await producer.arm({ point: 'publish alone: in the transaction, before the group commit', nth: 1 });
      expect(await world.publishBatch(key)).toBeUndefined();
      await producer.death();

      await producer.start();
      expect((await world.truth()).log.filter(({ subject }) => subject === key)).toEqual([]);
      expect(await world.publishBatch(key)).toMatchObject({ status: 201 });
      await expectAllPromisesKept();
    });
  });

  describe('invariant 3: a producer that dies before it has sent a signal', () => {
    it.each(some(NOTHING_SENT[database]))(
      '%s: sends it after the restart, though nobody publishes again',
      async (point) => {
        const { producer, signals } = await quiet();
        const key = fresh('key');
        const received = signals.all.length;
        await producer.arm({ point, nth: 1 });
        const answer = await world.publish(key);
        const { inHand } = await producer.death();
        expect(signals.all).toHaveLength(received);

        await producer.start();
        const id = (await world.truth()).log.find((row) => row.key === key)?.id;
        // Publishing may share its group commit with the dispatching that dies; then neither happened.
        expect(answer === undefined || id !== undefined).toBe(true);
        if (id !== undefined) await until(() => signals.eventsAt('/all').has(id), 'the signal of the event');
        if (inHand.id !== undefined) {
          expect(signals.withId(inHand.id).map(({ body }) => body)).toEqual([inHand.body]);
        }
        await world.publish(key);
        await expectAllPromisesKept();
      },
    );

    it('and dies again while it takes over what the first left behind: sends that signal all the same', async () => {
      const { producer, signals } = await quiet();
      const key = fresh('key');
      await producer.arm({ point: 'dispatch: the claim is durable, nothing is sent', nth: 1 });
      await world.publish(key);
      const { inHand } = await producer.death();
      await producer.launch({ point: TAKING_OVER[database], nth: 1 });
      await producer.death();

      await producer.start();
      await until(() => signals.withId(inHand.id).length > 0, 'the signal that was claimed');
      expect(signals.withId(inHand.id).map(({ body }) => body)).toEqual([inHand.body]);
      await world.publish(key);
      await expectAllPromisesKept();
    });
  });

  describe('invariant 5: a producer that dies after the receiver got the signal', () => {
    it.each(some(NOTHING_SETTLED[database]))(
      '%s: repeats it with the same id and bytes, and a fresh timestamp',
      async (point) => {
        const { producer, signals } = await quiet();
        const received = signals.all.length;
        const held = signals.holdNext();
        await producer.arm({ point, nth: 1 });
        await world.published(fresh('key'));
        const answer = await held;
        // An event that is newer than the signal: it belongs into another one, not into the repeat.
        await world.published(fresh('newer'));
        answer();
        await producer.death();
        const first = signals.all[received];
        if (!first) throw new Error('No signal came');
        const id = first.headers['webhook-id'] as string;
        expect(signals.withId(id)).toHaveLength(1);
        // Timestamps are in whole seconds: in the same one, fresh and stale would look alike.
        await until(() => Math.floor(Date.now() / 1_000) > timestampOf(first), 'the next second');

        await producer.start();
        const [, again] = await until(
          () => (signals.withId(id).length > 1 ? signals.withId(id) : undefined),
          'a repeat',
        );
        expect(again?.body).toBe(first.body);
        expect(timestampOf(again ?? first)).toBeGreaterThan(timestampOf(first));
        await expectAllPromisesKept();
        expect(signals.withId(id)).toHaveLength(2);
      },
    );

    it.each(some(SETTLED[database]))('%s: does not repeat it', async (point) => {
      const { producer, signals } = await quiet();
      const received = signals.all.length;
      await producer.arm({ point, nth: 1 });
      await world.publish(fresh('key'));
      await producer.death();
      const id = String(signals.all[received]?.headers['webhook-id']);
      await producer.start();
      // Signals of an endpoint go out in order: once a newer one is there, a repeat would have been.
      await world.published(fresh('newer'));
      await expectAllPromisesKept();
      expect(signals.withId(id)).toHaveLength(1);
    });
  });

  describe('invariant 8: a producer that dies while a receiver reads', () => {
    /** A producer with one event that nobody has read. */
    async function withUnread(): Promise<{ id: string; before: { fetched: string; acked: string } }> {
      await quiet();
      const before = await world.position();
      expect(before.fetched).toBe(world.follower.cursor);
      const id = await world.published(fresh('key'));
      await until(() => world.signals.eventsAt('/all').has(id), 'the signal of the event');
      return { id, before };
    }

    it('feed: the page is read, nothing is answered: counts nothing as fetched, and answers the page after the restart', async () => {
      const { id, before } = await withUnread();
      await world.producer.arm({ point: 'feed: the page is read, nothing is answered', nth: 1 });
      expect(await world.follower.page()).toBeUndefined();
      await world.producer.death();

      await world.producer.start();
      expect((await world.position()).fetched).toBe(before.fetched);
      expect((await world.follower.page())?.events.map((event) => event.id)).toEqual([id]);
      await expectAllPromisesKept();
    });

    it.each(some(NOTHING_MARKED[database]))(
      '%s: forgets that it was fetched, and goes on from the receiver’s own cursor without a gap or a repeat',
      async (point) => {
        const { id, before } = await withUnread();
        await world.producer.arm({ point, nth: 1 });
        await world.follower.page();
        expect((await world.producer.death()).point).toBe(point);

        await world.producer.start();
        expect(await world.position()).toMatchObject({ fetched: before.fetched, acked: before.acked });
        await world.follower.drain();
        expect(world.follower.events.filter((event) => event.id === id)).toHaveLength(1);
        await expectAllPromisesKept();
      },
    );

    if (database === 'postgres') {
      it('feed: the marks are raised, the receipts are not folded: remembers that it was fetched', async () => {
        await withUnread();
        await world.producer.arm({ point: 'feed: the marks are raised, the receipts are not folded', nth: 1 });
        await world.follower.page();
        await world.producer.death();

        await world.producer.start();
        expect((await world.position()).fetched).toBe(world.follower.cursor);
        await expectAllPromisesKept();
      });
    }

    it('feed: the ack is durable, the 204 is not sent: remembers the ack', async () => {
      await withUnread();
      await world.follower.page();
      const { cursor, apiKey } = world.follower;
      const ack = () => world.producer.request('POST', '/v1/acks', { key: apiKey, body: { through: cursor } });
      await world.producer.arm({ point: 'feed: the ack is durable, the 204 is not sent', nth: 1 });
      expect(await ack()).toBeUndefined();
      await world.producer.death();

      await world.producer.start();
      expect(await world.position()).toMatchObject({ fetched: cursor, acked: cursor });
      expect(await ack()).toMatchObject({ status: 204 });
      await expectAllPromisesKept();
    });
  });
});
