import assert from 'node:assert/strict';
import type { Claim } from '../receiver/inbox/inbox-store.js';
import {
  assertSame,
  claimDue,
  claimedIds,
  claimOne,
  entryOf,
  eventsOf,
  fetchedEvent,
  finish,
  idsOf,
  type InboxStoreCase,
  LEASE_MS,
  storeNext,
} from './inbox-store-setting.js';

/** Claims, their leases, and how they end. */
export const inboxClaimCases: readonly InboxStoreCase[] = [
  {
    name: 'events are claimed in the order of the feed, as many as asked for, each once',
    async run(setting) {
      const events = eventsOf(null, 5);
      await storeNext(setting, events.slice(0, 3));
      await storeNext(setting, events.slice(3));
      assertSame(claimedIds(await claimDue(setting, { limit: 0 })), []);
      assertSame(claimedIds(await claimDue(setting, { limit: 2 })), idsOf(events.slice(0, 2)));
      assertSame(claimedIds(await claimDue(setting)), idsOf(events.slice(2)));
      assertSame(await claimDue(setting), []);
    },
  },
  {
    name: 'a claim counts as an attempt and says so',
    async run(setting) {
      const [event] = eventsOf(null, 1);
      await storeNext(setting, [event ?? fetchedEvent()]);
      const claim = await claimOne(setting);
      assert.equal(claim.entry.attempts, 1);
      assert.equal(claim.entry.state, 'waiting');
      assert.equal((await entryOf(setting, claim.entry)).attempts, 1);
    },
  },
  {
    name: 'claims at the same time never get the same event',
    async run(setting) {
      const events = [...eventsOf(null, 60), ...Array.from({ length: 20 }, (_, n) => eventsOf(`lane ${n}`, 2)).flat()];
      await storeNext(setting, events);
      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, n) => {
          const store = n % 2 ? setting.store : setting.other;
          const released = n % 3 ? [] : Array.from({ length: 20 }, (_, lane) => `lane ${lane}`);
          return claimDue({ ...setting, store }, { owner: `node-${n}`, limit: 10, released });
        }),
      );
      const ids = claimedIds(claims.flat());
      assert.equal(new Set(ids).size, ids.length);
      // Claims that pass over each other's rows may leave some for the next time.
      const rest = claimedIds(await claimDue(setting));
      assertSame([...ids, ...rest].sort(), idsOf(events.filter((_, n) => n < 60 || n % 2 === 0)).sort());
    },
  },
  {
    name: 'an event whose lease has ended is claimed again with a higher token, and the old one writes nothing',
    async run(setting) {
      await storeNext(setting, eventsOf('one', 1));
      const old = await claimOne(setting);
      await setting.advance(LEASE_MS - 1_000);
      assertSame(await claimDue(setting), []);
      await setting.advance(1_000);
      const next = await claimOne({ ...setting, store: setting.other }, { owner: 'node-2' });
      assert.ok(next.token > old.token);
      assert.equal(next.entry.attempts, 2);

      assert.equal(await finish(setting, old), false);
      for (const attempt of [
        { outcome: 'retry', error: 'late', inMs: 1 },
        { outcome: 'parked', error: 'late', holds: false },
        { outcome: 'returned' },
      ] as const) {
        assert.equal(await setting.store.settleFailure(old, attempt), false);
      }
      assertSame(await setting.store.renew([old, next], LEASE_MS), [old]);
      const { state, attempts, lastError } = await entryOf(setting, old.entry);
      assertSame({ state, attempts, lastError }, { state: 'waiting', attempts: 2, lastError: null });
      assert.equal(await finish(setting, next), true);
    },
  },
  {
    name: 'a renewed lease ends later',
    async run(setting) {
      await storeNext(setting, eventsOf(null, 3));
      const claims = await claimDue(setting);
      await setting.advance(LEASE_MS / 2);
      assertSame(await setting.store.renew(claims.slice(0, 2), LEASE_MS), []);
      assertSame(await setting.store.renew([], LEASE_MS), []);
      await setting.advance(LEASE_MS / 2);
      assertSame(claimedIds(await claimDue(setting)), claimedIds(claims.slice(2)));
    },
  },
  {
    name: 'a worker that is late keeps an event that nobody else has claimed',
    async run(setting) {
      await storeNext(setting, eventsOf(null, 2));
      const [a, b] = (await claimDue(setting)) as [Claim, Claim];
      await setting.advance(LEASE_MS * 2);
      assertSame(await setting.store.renew([a], LEASE_MS), []);
      assert.equal(await finish(setting, b), true);
      assertSame(await claimDue(setting), []);
    },
  },
  {
    name: 'what a worker has ended itself is not lost to it, and is not renewed',
    async run(setting) {
      await storeNext(setting, eventsOf(null, 3));
      const [done, failed, returned] = (await claimDue(setting)) as [Claim, Claim, Claim];
      await finish(setting, done);
      await setting.store.settleFailure(failed, { outcome: 'retry', error: 'no', inMs: 1_000 });
      await setting.store.settleFailure(returned, { outcome: 'returned' });
      assertSame(await setting.store.renew([done, failed, returned], LEASE_MS), []);
      await setting.advance(1_000);
      assertSame(claimedIds(await claimDue(setting)), claimedIds([failed, returned]));
    },
  },
  {
    name: 'an event is done with the commit of its handler, once',
    async run(setting) {
      const { store, dataSource } = setting;
      await storeNext(setting, eventsOf(null, 1));
      const claim = await claimOne(setting);
      await assert.rejects(
        dataSource.transaction(async (manager) => {
          assert.equal(await store.markDone(manager, claim), true);
          throw new Error('rolled back');
        }),
        { message: 'rolled back' },
      );
      assert.equal((await entryOf(setting, claim.entry)).state, 'waiting');

      assert.equal(await finish(setting, claim), true);
      assert.equal(await finish(setting, claim), false);
      const { state, finishedAt, attempts } = await entryOf(setting, claim.entry);
      assertSame({ state, attempts }, { state: 'done', attempts: 1 });
      assert.ok(finishedAt !== null && finishedAt > 0);
      await setting.advance(LEASE_MS * 2);
      assertSame(await claimDue(setting), []);
    },
  },
  {
    name: 'an event cannot be marked as done outside a transaction',
    async run(setting) {
      await storeNext(setting, eventsOf(null, 1));
      const claim = await claimOne(setting);
      await assert.rejects(setting.store.markDone(setting.dataSource.manager, claim), { code: 'NOT_IN_TRANSACTION' });
      assert.equal((await entryOf(setting, claim.entry)).state, 'waiting');
    },
  },
  {
    name: 'a failed event is due again after its wait, and its claim is over',
    async run(setting) {
      await storeNext(setting, eventsOf('one', 1));
      const claim = await claimOne(setting);
      // A wait has jitter and therefore fractions; PostgreSQL cannot store a NUL.
      const failure = { outcome: 'retry', error: 'Error: no \u0000 way', inMs: 10_000.25 } as const;
      assert.equal(await setting.store.settleFailure(claim, failure), true);
      assert.equal(await setting.store.settleFailure(claim, failure), false);
      assert.equal(await finish(setting, claim), false);
      const entry = await entryOf(setting, claim.entry);
      assertSame([entry.state, entry.attempts, entry.lastError], ['failed', 1, 'Error: no \uFFFD way']);
      await setting.advance(9_000);
      assertSame(await claimDue(setting), []);
      await setting.advance(1_500);
      const again = await claimOne(setting);
      assertSame([again.entry.state, again.entry.attempts], ['failed', 2]);
      assert.equal(await finish(setting, again), true);
    },
  },
  {
    name: 'a long error text is shortened',
    async run(setting) {
      await storeNext(setting, eventsOf(null, 1));
      const claim = await claimOne(setting);
      await setting.store.settleFailure(claim, { outcome: 'parked', error: 'x'.repeat(100_000), holds: true });
      const { lastError } = await entryOf(setting, claim.entry);
      assert.ok(lastError !== null && lastError.length >= 1_000 && lastError.length <= 2_000);
    },
  },
  {
    name: 'a returned event is due at once, before later ones, and the attempt does not count',
    async run(setting) {
      await storeNext(setting, eventsOf(null, 1));
      await setting.advance(1_000);
      const claim = await claimOne(setting);
      await storeNext(setting, eventsOf(null, 1));
      await setting.advance(1_000);
      assert.equal(await setting.store.settleFailure(claim, { outcome: 'returned' }), true);
      assert.equal((await entryOf(setting, claim.entry)).attempts, 0);
      assert.equal(await finish(setting, claim), false);
      const again = await claimOne(setting, { limit: 1 });
      assert.equal(again.entry.id, claim.entry.id);
      assert.equal(again.entry.attempts, 1);
      assert.ok(again.token > claim.token);
    },
  },
  {
    name: 'it is known when the next event is due',
    async run(setting) {
      const { store, producer, advance } = setting;
      assert.equal(await store.dueInMs(producer), null);
      await storeNext(setting, eventsOf('one', 2));
      assert.equal(await store.dueInMs(producer), 0);
      const claim = await claimOne(setting);
      assertBetween(await store.dueInMs(producer), LEASE_MS / 2, LEASE_MS);
      await store.settleFailure(claim, { outcome: 'retry', error: 'no', inMs: 20_000 });
      assertBetween(await store.dueInMs(producer), 10_000, 20_000);
      await advance(30_000);
      assert.equal(await store.dueInMs(producer), 0);
      await store.settleFailure(await claimOne(setting), { outcome: 'parked', error: 'no', holds: true });
      assert.equal(await store.dueInMs(producer), null);
    },
  },
  {
    name: 'what a dead process held is free again where no other process can hold anything',
    async run(setting) {
      const { store, producer, overlapping } = setting;
      await storeNext(setting, eventsOf('one', 2));
      const claim = await claimOne(setting);
      await store.acquireDrain(producer, 'dead', LEASE_MS);
      await store.takeOver(producer);
      assert.equal(await store.acquireDrain(producer, 'new', LEASE_MS), !overlapping);
      assertSame(claimedIds(await claimDue(setting)), overlapping ? [] : [claim.entry.id]);
      assert.equal(await finish(setting, claim), overlapping);
    },
  },
];

function assertBetween(value: number | null, low: number, high: number): void {
  assert.ok(value !== null && value > low && value <= high, `${value} is between ${low} and ${high}`);
}
