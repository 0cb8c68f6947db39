import assert from 'node:assert/strict';
import type { Claim, FetchedEvent } from '../receiver/inbox/inbox-store.js';
import {
  assertSame,
  claimDue,
  claimedIds,
  claimOne,
  entryOf,
  eventsOf,
  fetchedEvent,
  finish,
  heldOpen,
  idsOf,
  type InboxStoreCase,
  LEASE_MS,
  storeNext,
} from './inbox-store-setting.js';

const parked = (holds: boolean) => ({ outcome: 'parked', error: 'no', holds }) as const;

/** What people and retention do with entries. */
export const inboxDecisionCases: readonly InboxStoreCase[] = [
  {
    name: 'an event is the latest of its subject until a later one is stored, in whatever state',
    async run(setting) {
      const { store, dataSource, producer } = setting;
      const events = [...eventsOf('one', 2), ...eventsOf('two', 1), ...eventsOf(null, 2)];
      await storeNext(setting, events);
      const isLatest = async () => {
        const entries = await store.list(producer, {});
        return Promise.all(entries.map((entry) => store.isLatest(dataSource.manager, entry)));
      };
      assertSame(await isLatest(), [false, true, true, true, true]);
      await storeNext(setting, eventsOf('two', 1));
      await store.discard(producer, events[1]?.id ?? '');
      assertSame(await isLatest(), [false, true, false, true, true, true]);
      const entry = await entryOf(setting, events[0] ?? fetchedEvent());
      assert.equal(await dataSource.transaction((manager) => store.isLatest(manager, entry)), false);
    },
  },
  {
    name: 'entries are listed by state, type and subject, page by page, and counted',
    async run(setting) {
      const { store, producer } = setting;
      const events = [
        fetchedEvent({ type: 'a.one', subject: 'x' }),
        fetchedEvent({ type: 'a.two', subject: 'y' }),
        fetchedEvent({ type: 'a.one', subject: 'y' }),
        fetchedEvent({ type: 'a.two' }),
        fetchedEvent({ type: 'a.two' }),
      ];
      await storeNext(setting, events);
      const [one, two, three] = (await claimDue(setting, { limit: 3 })) as [Claim, Claim, Claim];
      await finish(setting, one);
      await store.settleFailure(two, parked(true));
      await store.settleFailure(three, { outcome: 'retry', error: 'no', inMs: 1_000 });
      await store.discard(producer, events[3]?.id ?? '');

      const list = async (filter: Parameters<typeof store.list>[1]) =>
        (await store.list(producer, filter)).map(({ id }) => events.findIndex((event) => event.id === id));
      assertSame(await list({}), [0, 1, 2, 3, 4]);
      assertSame(await list({ state: 'failed' }), [2]);
      assertSame(await list({ type: 'a.one' }), [0, 2]);
      assertSame(await list({ subject: 'y' }), [1, 2]);
      assertSame(await list({ subject: 'y', state: 'parked', type: 'a.two' }), [1]);
      assertSame(await list({ limit: 2 }), [0, 1]);
      assertSame(await list({ limit: 2, after: two.entry.ordinal }), [2, 3]);
      assertSame(await list({ limit: 0 }), []);
      const counts = { waiting: 1, failed: 1, parked: 1, done: 1, discarded: 1 };
      assertSame(await store.counts(producer), counts);
      assertSame(await store.counts(`${producer}-none`), { ...counts, ...zeros });
      assert.equal(await store.get(producer, fetchedEvent().id), null);
    },
  },
  {
    name: 'a parked or failed event is retried at once, its attempts counted anew; no other is',
    async run(setting) {
      const { store, producer } = setting;
      const [laned, free, failed, done] = [...eventsOf('one', 1), ...eventsOf(null, 3)] as Quartet;
      await storeNext(setting, [laned, free, failed, done]);
      const claims = (await claimDue(setting)) as [Claim, Claim, Claim, Claim];
      await store.settleFailure(claims[0], parked(true));
      await store.settleFailure(claims[1], parked(false));
      await store.settleFailure(claims[2], { outcome: 'retry', error: 'no', inMs: 3_600_000 });
      await finish(setting, claims[3]);

      assertSame(await store.retry(producer, laned.id), { lane: 'one' });
      assertSame(await store.retry(producer, free.id), { lane: null });
      assertSame(await store.retry(producer, failed.id), { lane: null });
      for (const id of [laned.id, done.id, fetchedEvent().id]) assert.equal(await store.retry(producer, id), undefined);
      const { state, attempts } = await entryOf(setting, free);
      assertSame([state, attempts], ['waiting', 0]);
      const again = await claimDue(setting, { released: ['one'] });
      assertSame(claimedIds(again), idsOf([laned, free, failed]));
      assertSame(
        again.map(({ entry }) => entry.attempts),
        [1, 1, 1],
      );
      for (const claim of claims) assert.equal(await finish(setting, claim), false);
      for (const claim of again) assert.equal(await finish(setting, claim), true);
    },
  },
  {
    name: 'an event that is being handled is neither retried nor discarded, until its lease ends',
    async run(setting) {
      const { store, producer, advance } = setting;
      await storeNext(setting, eventsOf('one', 1));
      await store.settleFailure(await claimOne(setting), { outcome: 'retry', error: 'no', inMs: 0 });
      const claim = await claimOne(setting);
      const { id } = claim.entry;
      assert.equal(await store.retry(producer, id), undefined);
      assert.equal(await store.discard(producer, id), undefined);
      await advance(LEASE_MS);
      assertSame(await store.retry(producer, id), { lane: 'one' });
      assertSame(await store.renew([claim], LEASE_MS), [claim]);
      assert.equal(await finish(setting, claim), false);
      assert.equal((await claimOne(setting)).entry.attempts, 1);
    },
  },
  {
    name: 'a retried event that its lane had passed comes first again',
    async run(setting) {
      const { store, producer } = setting;
      const events = eventsOf('one', 3) as [FetchedEvent, FetchedEvent, FetchedEvent];
      await storeNext(setting, events);
      await store.settleFailure(await claimOne(setting), parked(false));
      assert.equal(await store.sweep(producer), 1);
      await store.retry(producer, events[0].id);
      const first = await claimOne(setting, { released: ['one'] });
      assert.equal(first.entry.id, events[0].id);
      assertSame(await claimDue(setting, { released: ['one'] }), []);
      assert.notEqual(await store.dueInMs(producer), 0);
      await finish(setting, first);
      const second = await claimOne(setting, { released: ['one'] });
      assert.equal(second.entry.id, events[1].id);
    },
  },
  {
    name: 'a retried event that its lane had passed waits for the later one that is being handled',
    async run(setting) {
      const { store, producer } = setting;
      const events = eventsOf('one', 3) as [FetchedEvent, FetchedEvent, FetchedEvent];
      await storeNext(setting, events);
      await store.settleFailure(await claimOne(setting), parked(false));
      const later = await claimOne(setting, { released: ['one'] });
      assert.equal(later.entry.id, events[1].id);
      await store.retry(producer, events[0].id);
      assertSame(await claimDue(setting, { released: ['one'] }), []);
      assert.notEqual(await store.dueInMs(producer), 0);
      await store.settleFailure(later, { outcome: 'retry', error: 'no', inMs: 0 });
      const first = await claimOne(setting, { released: ['one'] });
      assert.equal(first.entry.id, events[0].id);
      await finish(setting, first);
      assert.equal((await claimOne(setting, { released: ['one'] })).entry.id, events[1].id);
    },
  },
  {
    name: 'a retry and a claim at the same time never hand out two events of a lane',
    async run(setting) {
      const { store, other, producer } = setting;
      for (let round = 0; round < 20; round++) {
        const lane = `lane ${round}`;
        const events = eventsOf(lane, 3) as [FetchedEvent, FetchedEvent, FetchedEvent];
        await storeNext(setting, events);
        await store.settleFailure(await claimOne(setting), parked(false));
        const released = [lane];
        const [claims] = await Promise.all([
          claimDue(setting, { released }),
          store.retry(producer, events[0].id).then(() => claimDue({ ...setting, store: other }, { released })),
        ]);
        const rest = await claimDue(setting, { released });
        assert.ok(claims.length + rest.length <= 1, 'one at most is held');
        await setting.advance(LEASE_MS);
        for (let left = 3; left > 0; left--) {
          const claim = await claimOne(setting, { released });
          assert.equal(await finish(setting, claim), true);
          if ((await store.list(producer, { subject: lane, state: 'waiting' })).length === 0) break;
        }
      }
    },
  },
  {
    name: 'a discarded event is never handled, and its lane goes on',
    async run(setting) {
      const { store, producer } = setting;
      const events = eventsOf('one', 4);
      const [a, b, c, d] = events as Quartet;
      await storeNext(setting, events);
      assertSame(await store.discard(producer, b.id), { lane: 'one' });
      await store.settleFailure(await claimOne(setting), parked(true));
      assertSame(await store.discard(producer, a.id), { lane: 'one' });
      await store.settleFailure(await claimOne(setting, { released: ['one'] }), {
        outcome: 'retry',
        error: '',
        inMs: 1,
      });
      assertSame(await store.discard(producer, c.id), { lane: 'one' });
      const claim = await claimOne(setting, { released: ['one'] });
      assert.equal(claim.entry.id, d.id);
      await finish(setting, claim);
      for (const id of [...idsOf(events), fetchedEvent().id])
        assert.equal(await store.discard(producer, id), undefined);
      const { state, finishedAt } = await entryOf(setting, a);
      assert.equal(state, 'discarded');
      assert.ok(finishedAt !== null);
      assert.equal(await store.retry(producer, a.id), undefined);
      await storeNext(setting, [{ ...a, cursor: 'again' }]);
      assertSame(await claimDue(setting, { released: ['one'] }), []);
    },
  },
  {
    name: 'a person who decides while a late handler commits comes second',
    async run(setting) {
      const { store, other, dataSource, producer } = setting;
      await storeNext(setting, eventsOf(null, 1));
      const claim = await claimOne(setting);
      await setting.advance(LEASE_MS * 2);
      const handler = await heldOpen(dataSource, (manager) => store.markDone(manager, claim));
      const discarding = other.discard(producer, claim.entry.id);
      await handler.commit();
      assert.equal(await discarding, undefined);
      assert.equal((await entryOf(setting, claim.entry)).state, 'done');
    },
  },
  {
    name: 'finished entries are pruned when they are old enough, a bounded number at a time; open and parked ones stay',
    async run(setting) {
      const { store, producer, advance } = setting;
      const events = eventsOf(null, 6);
      await storeNext(setting, events);
      const claims = (await claimDue(setting)) as [Claim, Claim, Claim, Claim, Claim, Claim];
      for (const claim of claims.slice(0, 3)) await finish(setting, claim);
      await store.settleFailure(claims[3], parked(true));
      await store.settleFailure(claims[4], { outcome: 'returned' });
      await store.discard(producer, claims[4].entry.id);
      await advance(10_000);
      await finish(setting, claims[5]);
      assert.equal(await store.prune(producer, 60_000, 100), 0);
      assert.equal(await store.prune(producer, 5_000, 3), 3);
      assert.equal(await store.prune(producer, 5_000, 3), 1);
      assert.equal(await store.prune(producer, 5_000, 3), 0);
      assertSame(idsOf(await store.list(producer, {})), claimedIds([claims[3], claims[5]]));
    },
  },
  {
    name: 'an event stays outdated however long it waits: the newest of its subject is pruned after it',
    async run(setting) {
      const { store, dataSource, producer, advance } = setting;
      const events = [...eventsOf('one', 3), ...eventsOf('two', 1)];
      for (const event of events) event.lane = null;
      await storeNext(setting, events);
      const [stale, ...later] = (await claimDue(setting)) as [Claim, Claim, Claim, Claim];
      await store.settleFailure(stale, parked(true));
      for (const claim of later) await finish(setting, claim);
      await advance(10_000);
      const isLatest = () => store.isLatest(dataSource.manager, stale.entry);
      assert.equal(await store.prune(producer, 5_000, 100), 2);
      assert.equal(await store.prune(producer, 5_000, 100), 0);
      assertSame(idsOf(await store.list(producer, {})), claimedIds([stale, later[1] as Claim]));
      assert.equal(await isLatest(), false);
      await store.retry(producer, stale.entry.id);
      assert.equal(await store.prune(producer, 5_000, 100), 0);
      await finish(setting, await claimOne(setting));
      assert.equal(await store.prune(producer, 5_000, 100), 1);
      assertSame(idsOf(await store.list(producer, {})), claimedIds([stale]));
    },
  },
  {
    name: 'entries that stay keep no others from being pruned, however many there are',
    async run(setting) {
      const { store, producer, advance } = setting;
      const lanes = Array.from({ length: 9 }, (_, n) => `subject ${n}`);
      const events = [...lanes, ...lanes].map((subject) => fetchedEvent({ subject }));
      await storeNext(setting, [...events, ...eventsOf(null, 4)]);
      const claims = await claimDue(setting);
      for (const claim of claims.slice(0, 9)) await store.settleFailure(claim, parked(false));
      for (const claim of claims.slice(9)) {
        await finish(setting, claim);
        await advance(1_000);
      }
      await advance(10_000);
      assert.equal(await store.prune(producer, 5_000, 3), 3);
      assert.equal(await store.prune(producer, 5_000, 3), 1);
      assert.equal(await store.prune(producer, 5_000, 3), 0);
      assertSame(idsOf(await store.list(producer, {})), idsOf(events));
    },
  },
];

const zeros = { waiting: 0, failed: 0, parked: 0, done: 0, discarded: 0 };
type Quartet = [FetchedEvent, FetchedEvent, FetchedEvent, FetchedEvent];
