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
  heldOpen,
  idsOf,
  type InboxStoreCase,
  LEASE_MS,
  storeNext,
} from './inbox-store-setting.js';

/** The order within lanes, and the races that could leave the first open event of one to nobody. */
export const inboxLaneCases: readonly InboxStoreCase[] = [
  {
    name: 'of a lane one event is claimed at a time, in the order of the feed',
    async run(setting) {
      const events = eventsOf('one', 3);
      const others = eventsOf('two', 1);
      await storeNext(setting, [...events.slice(0, 2), ...others]);
      await storeNext(setting, events.slice(2));
      const [first, other] = (await claimDue(setting)) as [Claim, Claim];
      assertSame(claimedIds([first, other]), idsOf([...events.slice(0, 1), ...others]));
      const handled = [first.entry.id];
      for (let claim = first; handled.length < 3; handled.push(claim.entry.id)) {
        assertSame(await claimDue(setting, { released: ['one'] }), []);
        await finish(setting, claim);
        claim = await claimOne(setting, { released: ['one', 'two', 'three'] });
      }
      assertSame(handled, idsOf(events));
    },
  },
  {
    name: 'the empty text is a lane',
    async run(setting) {
      const events = eventsOf('', 2);
      await storeNext(setting, events);
      await finish(setting, await claimOne(setting));
      assert.equal(await setting.store.sweep(setting.producer), 1);
      assertSame(claimedIds(await claimDue(setting)), idsOf(events.slice(1)));
    },
  },
  {
    name: 'a page begins a lane with its first fresh event, also if a repeat stands before it',
    async run(setting) {
      const [done, ...fresh] = eventsOf('one', 3);
      await storeNext(setting, [done ?? fetchedEvent()]);
      await finish(setting, await claimOne(setting));
      await storeNext(setting, [{ ...(done ?? fetchedEvent()), cursor: 'again' }, ...fresh]);
      assertSame(claimedIds(await claimDue(setting)), idsOf(fresh.slice(0, 1)));
    },
  },
  {
    name: 'a failed event holds its lane until it is handled',
    async run(setting) {
      const [first, second] = eventsOf('one', 2);
      await storeNext(
        setting,
        [first, second].map((event) => event ?? fetchedEvent()),
      );
      await setting.store.settleFailure(await claimOne(setting), { outcome: 'retry', error: 'no', inMs: 5_000 });
      assertSame(await claimDue(setting, { released: ['one'] }), []);
      await setting.advance(5_000);
      const again = await claimOne(setting, { released: ['one'] });
      assert.equal(again.entry.id, first?.id);
      await finish(setting, again);
      assert.equal((await claimOne(setting, { released: ['one'] })).entry.id, second?.id);
    },
  },
  {
    name: 'a parked event holds its lane if it shall, and lets it pass if not',
    async run(setting) {
      const [holding, passing] = [eventsOf('holds', 2), eventsOf('passes', 2)];
      await storeNext(setting, [...holding, ...passing]);
      for (const claim of await claimDue(setting)) {
        const holds = claim.lane === 'holds';
        assert.equal(await setting.store.settleFailure(claim, { outcome: 'parked', error: 'no', holds }), true);
        assert.equal(await finish(setting, claim), false);
      }
      await setting.advance(LEASE_MS * 2);
      assert.equal((await setting.store.counts(setting.producer)).parked, 2);
      const claims = await claimDue(setting, { released: ['holds', 'passes'] });
      assertSame(claimedIds(claims), idsOf(passing.slice(1)));
      assert.equal(await setting.store.sweep(setting.producer), 0);
      // What comes later waits as well.
      await storeNext(setting, [...eventsOf('holds', 1), ...eventsOf('passes', 1)]);
      assertSame(await claimDue(setting, { released: ['holds', 'passes'] }), []);
    },
  },
  {
    name: 'a lane whose release was lost with its process is found by the sweep',
    async run(setting) {
      const lanes = Array.from({ length: 1_100 }, (_, n) => `lane ${n}`);
      const events = lanes.map((lane) => eventsOf(lane, 2));
      await storeNext(
        setting,
        events.map(([first]) => first ?? fetchedEvent()),
      );
      await storeNext(
        setting,
        events.map(([, second]) => second ?? fetchedEvent()),
      );
      const claims = await claimDue(setting, { limit: 1_100 });
      await setting.dataSource.transaction(async (manager) => {
        for (const claim of claims) await setting.store.markDone(manager, claim);
      });
      assertSame(await claimDue(setting), []);
      assert.equal(await setting.store.sweep(setting.producer), 1_100);
      assert.equal(await setting.store.sweep(setting.producer), 0);
      assert.equal((await claimDue(setting, { limit: 2_000 })).length, 1_100);
    },
  },
  {
    name: 'an event that a page brings while the one before it is being committed is not forgotten',
    async run(setting) {
      const { store, other, dataSource, producer, overlapping } = setting;
      const [first, second] = [eventsOf('one', 1), eventsOf('one', 1)];
      await storeNext(setting, first);
      const claim = await claimOne(setting);
      const after = await store.cursor(producer);
      const handler = await heldOpen(dataSource, (manager) => store.markDone(manager, claim));
      const storing = other.storePage(producer, { after, cursor: 'next', events: second });
      if (overlapping) {
        // The page is committed, its node has looked for what it may have begun, and the handler is not committed yet.
        await storing;
        assertSame(await claimDue({ ...setting, store: other }, { released: ['one'] }), []);
      }
      await handler.commit();
      await storing;
      if (overlapping) assertSame(await claimDue(setting), []);
      assertSame(claimedIds(await claimDue(setting, { released: ['one'] })), idsOf(second));
    },
  },
  {
    name: 'an event that is finished while a page that brings the next one is being committed leaves it to nobody else',
    async run(setting) {
      const { store, other, producer, overlapping } = setting;
      const [first, second, last] = [eventsOf('one', 1), eventsOf('one', 1), fetchedEvent({ lane: 'two' })];
      await storeNext(setting, first);
      const claim = await claimOne(setting);
      const after = await store.cursor(producer);
      const letGo = await setting.holdBack(last.id);
      const storing = other.storePage(producer, { after, cursor: 'next', events: [...second, last] });
      const finishing = finish(setting, claim);
      if (overlapping) {
        // The handler is committed, its node has looked for the next event, and the page is not committed yet.
        assert.equal(await finishing, true);
        assertSame(await claimDue(setting, { released: ['one'] }), []);
      }
      await letGo();
      await Promise.all([storing, finishing]);
      const claims = await claimDue({ ...setting, store: other }, { released: ['one', 'two'] });
      assertSame(claimedIds(claims), idsOf([...second, last]));
    },
  },
  {
    name: 'many handlers and pages at the same time: every event is handled once, each lane in order',
    async run(setting) {
      const { store, other, dataSource, producer } = setting;
      const lanes = ['a', 'b', 'c', null];
      const events = Array.from({ length: 200 }, (_, n) => fetchedEvent({ lane: lanes[n % lanes.length] ?? null }));
      let after = await store.cursor(producer);
      const released = new Set<string>();
      const handled: Claim[] = [];
      const pages = async () => {
        for (let from = 0; from < events.length; from += 10) {
          const page = events.slice(from, from + 10);
          const stored = await other.storePage(producer, { after, cursor: `c${from}`, events: page });
          assert.equal(stored.outcome, 'stored');
          after = `c${from}`;
          for (const { lane } of page) if (lane !== null) released.add(lane);
        }
      };
      const worker = async (node: typeof store, owner: string) => {
        for (let idle = 0; handled.length < events.length && idle < 500; idle++) {
          const lanesNow = [...released];
          released.clear();
          const claims = await claimDue({ store: node, producer }, { owner, limit: 5, released: lanesNow });
          for (const claim of claims) {
            idle = 0;
            await dataSource.transaction(async (manager) => assert.ok(await store.markDone(manager, claim)));
            handled.push(claim);
            if (claim.lane !== null) released.add(claim.lane);
          }
        }
      };
      await Promise.all([pages(), worker(store, 'one'), worker(other, 'two'), worker(store, 'three')]);
      assert.equal(new Set(claimedIds(handled)).size, events.length);
      assert.equal(handled.length, events.length);
      for (const lane of ['a', 'b', 'c']) {
        const order = handled.filter((claim) => claim.lane === lane).map(({ entry }) => entry.ordinal);
        assertSame(
          order,
          [...order].sort((a, b) => a - b),
        );
      }
      assertSame((await entryOf(setting, events[0] ?? fetchedEvent())).state, 'done');
    },
  },
  {
    name: 'a handler that commits after its lease has ended excludes the next claim, not the other way round',
    async run(setting) {
      const { store, other, dataSource, overlapping } = setting;
      await storeNext(setting, eventsOf('one', 1));
      const claim = await claimOne(setting);
      await setting.advance(LEASE_MS * 2);
      const handler = await heldOpen(dataSource, (manager) => store.markDone(manager, claim));
      assert.equal(handler.result, true);
      const claiming = claimDue({ ...setting, store: other });
      const renewing = store.renew([claim], LEASE_MS);
      // Neither waits for a handler's transaction to end.
      if (overlapping) assertSame([await claiming, await renewing], [[], []]);
      await handler.commit();
      assertSame([await claiming, await renewing], [[], []]);
      assert.equal((await entryOf(setting, claim.entry)).state, 'done');
    },
  },
];
