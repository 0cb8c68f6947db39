import assert from 'node:assert/strict';
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

/** The place in the feed, pages, and the drain's lease. */
export const inboxPageCases: readonly InboxStoreCase[] = [
  {
    name: 'a producer that nothing was stored of has no cursor, and a page moves it',
    async run({ store, producer }) {
      assert.equal(await store.cursor(producer), null);
      assert.equal(await store.cursor(producer), null);
      const page = { after: null, cursor: 'c1', events: [fetchedEvent()] };
      assertSame(await store.storePage(producer, page), { outcome: 'stored', fresh: 1, repeated: 0 });
      assert.equal(await store.cursor(producer), 'c1');
    },
  },
  {
    name: 'a page without events moves the cursor',
    async run({ store, producer }) {
      await store.cursor(producer);
      const page = { after: null, cursor: 'c1', events: [] };
      assertSame(await store.storePage(producer, page), { outcome: 'stored', fresh: 0, repeated: 0 });
      assert.equal(await store.cursor(producer), 'c1');
    },
  },
  {
    name: 'a page that was asked for with another cursor than the stored one leaves no trace',
    async run({ store, producer }) {
      await store.cursor(producer);
      await store.storePage(producer, { after: null, cursor: 'c1', events: [] });
      for (const after of [null, 'c0', 'c2']) {
        const page = { after, cursor: 'c9', events: [fetchedEvent()] };
        assertSame(await store.storePage(producer, page), { outcome: 'moved' });
      }
      assert.equal(await store.cursor(producer), 'c1');
      assertSame(await store.list(producer, {}), []);
    },
  },
  {
    name: 'an event is stored as it came, with its place and its state',
    async run(setting) {
      const event = fetchedEvent({
        subject: 'Größe \'"\\ 円 🧾',
        lane: 'Größe \'"\\ 円 🧾',
        data: '{"text":"\\u0000 \\ud83e\\uddfe ’","big":12345678901234567890}',
        redacted: ['/customer/email', '/a~1b'],
      });
      await storeNext(setting, [event]);
      const { ordinal, dueAt, fetchedAt, ...entry } = await entryOf(setting, event);
      const { lane, ...fetched } = event;
      assertSame(entry, {
        ...fetched,
        producer: setting.producer,
        state: 'waiting',
        attempts: 0,
        lastError: null,
        finishedAt: null,
      });
      assert.ok(ordinal > 0 && fetchedAt > 0);
      assert.equal(dueAt, fetchedAt);
      assert.equal((await claimOne(setting)).lane, lane);
    },
  },
  {
    name: 'a repeated event is stored once, on a later page as on the same one',
    async run(setting) {
      const [a, b, c] = [fetchedEvent({ data: '1' }), fetchedEvent(), fetchedEvent()];
      assertSame(await storeNext(setting, [a, b, { ...a, data: '2', cursor: 'x' }]), {
        outcome: 'stored',
        fresh: 2,
        repeated: 1,
      });
      assertSame(await storeNext(setting, [b, c]), { outcome: 'stored', fresh: 1, repeated: 1 });
      const entries = await setting.store.list(setting.producer, {});
      assertSame(idsOf(entries), idsOf([a, b, c]));
      assert.equal(entries[0]?.data, '1');
    },
  },
  {
    name: 'an event that was handled is not handled again when it is repeated',
    async run(setting) {
      const event = fetchedEvent();
      await storeNext(setting, [event]);
      assert.equal(await finish(setting, await claimOne(setting)), true);
      assertSame(await storeNext(setting, [{ ...event, cursor: 'again' }]), {
        outcome: 'stored',
        fresh: 0,
        repeated: 1,
      });
      assertSame(await claimDue(setting), []);
      assert.equal((await entryOf(setting, event)).state, 'done');
    },
  },
  {
    name: 'two producers have their own cursors, events and lanes',
    async run(setting) {
      const twin = { ...setting, producer: `${setting.producer}-twin` };
      const event = fetchedEvent({ lane: 'one', subject: 'one' });
      await storeNext(setting, [event]);
      assert.equal(await setting.store.cursor(twin.producer), null);
      assertSame(await storeNext(twin, [event]), { outcome: 'stored', fresh: 1, repeated: 0 });
      const claim = await claimOne(setting);
      const twinClaim = await claimOne(twin);
      assert.equal(await finish(setting, claim), true);
      assert.equal((await entryOf(twin, event)).state, 'waiting');
      assert.equal(await finish(twin, twinClaim), true);
    },
  },
  {
    name: 'of two nodes that store the same page one wins, and the events are there once',
    async run(setting) {
      const { store, other, producer } = setting;
      await store.cursor(producer);
      for (let round = 0; round < 10; round++) {
        const after = await store.cursor(producer);
        const page = { after, cursor: `c${round}`, events: eventsOf(`lane ${round % 3}`, 20) };
        const both = await Promise.all([store.storePage(producer, page), other.storePage(producer, page)]);
        assertSame(both.map(({ outcome }) => outcome).sort(), ['moved', 'stored']);
      }
      assert.equal((await store.list(producer, { limit: 1_000 })).length, 200);
      assert.equal((await claimDue(setting)).length, 3);
    },
  },
  {
    name: 'pages of a thousand events are stored, and entries are in the order of the feed',
    async run(setting) {
      const pages = [0, 1].map((page) =>
        Array.from({ length: 1_000 }, (_, n) => fetchedEvent({ lane: n % 3 === 0 ? null : `lane ${page} ${n % 300}` })),
      );
      for (const events of pages) {
        assertSame(await storeNext(setting, events), { outcome: 'stored', fresh: 1_000, repeated: 0 });
      }
      const first = await setting.store.list(setting.producer, { limit: 1_000 });
      const second = await setting.store.list(setting.producer, { limit: 1_000, after: first.at(-1)?.ordinal ?? 0 });
      assertSame(idsOf([...first, ...second]), idsOf(pages.flat()));
    },
  },
  {
    name: 'one node drains at a time; it may renew, and what others release is not released',
    async run({ store, other, producer }) {
      assert.equal(await store.acquireDrain(producer, 'one', LEASE_MS), true);
      assert.equal(await other.acquireDrain(producer, 'two', LEASE_MS), false);
      assert.equal(await store.acquireDrain(producer, 'one', LEASE_MS), true);
      await other.releaseDrain(producer, 'two');
      assert.equal(await other.acquireDrain(producer, 'two', LEASE_MS), false);
      await store.releaseDrain(producer, 'one');
      assert.equal(await other.acquireDrain(producer, 'two', LEASE_MS), true);
      assert.equal(await store.cursor(producer), null);
    },
  },
  {
    name: 'a drain that is not released ends with its lease',
    async run({ store, other, producer, advance }) {
      await store.acquireDrain(producer, 'one', LEASE_MS);
      await advance(LEASE_MS / 2);
      assert.equal(await store.acquireDrain(producer, 'one', LEASE_MS), true);
      await advance(LEASE_MS / 2 + 1_000);
      assert.equal(await other.acquireDrain(producer, 'two', LEASE_MS), false);
      await advance(LEASE_MS / 2);
      assert.equal(await other.acquireDrain(producer, 'two', LEASE_MS), true);
      assert.equal(await store.acquireDrain(producer, 'one', LEASE_MS), false);
    },
  },
  {
    name: 'of many nodes that ask for the drain at the same time one gets it',
    async run({ store, other, producer }) {
      const asked = await Promise.all(
        Array.from({ length: 10 }, (_, n) => (n % 2 ? store : other).acquireDrain(producer, `node-${n}`, LEASE_MS)),
      );
      assert.equal(asked.filter(Boolean).length, 1);
    },
  },
  {
    name: 'entries keep their payload through every state',
    async run(setting) {
      const event = fetchedEvent({ data: JSON.stringify({ text: 'x'.repeat(100_000) }) });
      await storeNext(setting, [event]);
      const claim = await claimOne(setting);
      assert.equal(claim.entry.data, event.data);
      await finish(setting, claim);
      assert.equal((await entryOf(setting, event)).data, event.data);
      assertSame(claimedIds([claim]), idsOf([event]));
    },
  },
  {
    name: 'the newest entry is the one that arrived last, of this producer',
    async run(setting) {
      const { store, producer } = setting;
      assert.equal(await store.newest(producer), null);
      const events = eventsOf('one', 3);
      await storeNext(setting, events);
      assert.equal((await store.newest(producer))?.id, events[2]?.id);
      assert.equal(await store.newest(`${producer} of another name`), null);
    },
  },
];
