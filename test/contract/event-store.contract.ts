import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { IdGenerator } from '../../src/protocol/ids.js';
import type { Entitlement, EventStore, NewEvent } from '../../src/producer/log/event-store.js';

/** A database with Signpost's tables, and the store under test on it. */
export interface EventStoreFixture {
  dataSource: DataSource;
  store: EventStore;
  close(): Promise<void>;
}

const ids = new IdGenerator();

export function anEvent(over: Partial<NewEvent> = {}): NewEvent {
  return {
    id: ids.next('evt'),
    tenant: 'acme',
    type: 'invoice.paid',
    subject: null,
    occurredAt: 1_000,
    recordedAt: 2_000,
    data: '{"n":1}',
    idempotencyKey: null,
    idempotencyDigest: null,
    traceparent: null,
    ...over,
  };
}

const everything: Entitlement = { tenant: 'acme', types: [['*']] };

/** What every event store promises, whatever the database. */
export function eventStoreContract(open: () => Promise<EventStoreFixture>): void {
  let fixture: EventStoreFixture;
  let store: EventStore;
  const page = (after = 0, limit = 100, entitlement = everything) => store.readPage({ ...entitlement, after, limit });
  const idsFrom = async (after = 0, entitlement = everything) =>
    (await page(after, 100, entitlement)).events.map((event) => event.id);

  beforeEach(async () => {
    fixture = await open();
    store = fixture.store;
  });
  afterEach(() => fixture.close());

  describe('append in the caller’s transaction', () => {
    it('an event of a committed transaction is in the log, its payload byte for byte', async () => {
      const event = anEvent({ data: '{ "b":1.0,"a":"\\u00e9",  "2":[1e3] }', subject: 'inv_1', traceparent: 'tp' });
      const [appended] = await fixture.dataSource.transaction((manager) => store.append(manager, [event]));
      const read = await store.readOne(event.id, everything);
      expect(read).toEqual({
        partition: 0,
        // Where positions are given out after the commit, it is not known before.
        position: appended?.position ?? (expect.any(Number) as unknown),
        id: event.id,
        tenant: 'acme',
        type: 'invoice.paid',
        subject: 'inv_1',
        occurredAt: 1_000,
        recordedAt: 2_000,
        gone: null,
        data: event.data,
      });
    });

    it('an event of a rolled-back transaction never was', async () => {
      const event = anEvent();
      const failing = fixture.dataSource.transaction(async (manager) => {
        await store.append(manager, [event]);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await store.readOne(event.id, everything)).toBeUndefined();
      expect((await store.bounds()).head).toBe(0);
    });

    it('an event of a rolled-back savepoint never was, its neighbours are', async () => {
      const [kept, dropped, last] = [anEvent(), anEvent(), anEvent()];
      await fixture.dataSource.transaction(async (manager) => {
        await store.append(manager, [kept]);
        await manager
          .transaction(async (inner) => {
            await store.append(inner, [dropped]);
            throw new Error('inner');
          })
          .catch(() => undefined);
        await store.append(manager, [last]);
      });
      expect(await idsFrom()).toEqual([kept.id, last.id]);
    });

    it('an open transaction’s event is not read by anybody before the commit', async () => {
      const event = anEvent();
      let seen: Promise<string[]> | undefined;
      let committed = false;
      await fixture.dataSource.transaction(async (manager) => {
        await store.append(manager, [event]);
        seen = Promise.resolve().then(() => outside(() => idsFrom()));
        await new Promise((resolve) => setTimeout(resolve, 20));
        committed = true;
      });
      // The read either came before the commit and saw nothing, or waited and saw the committed event.
      const list = await (seen ?? Promise.resolve([]));
      expect(committed).toBe(true);
      expect([[], [event.id]]).toContainEqual(list);
      expect(await idsFrom()).toEqual([event.id]);
    });

    it('is refused outside a transaction', async () => {
      await expect(store.append(fixture.dataSource.manager, [anEvent()])).rejects.toMatchObject({
        name: 'NotInTransactionError',
      });
      expect(await idsFrom()).toEqual([]);
    });

    it('a callback after commit runs once after the commit and never after a rollback', async () => {
      const calls: string[] = [];
      await fixture.dataSource.transaction(async (manager) => {
        store.afterCommit(manager, () => calls.push('committed'));
        await store.append(manager, [anEvent()]);
        expect(calls).toEqual([]);
      });
      await fixture.dataSource
        .transaction(async (manager) => {
          store.afterCommit(manager, () => calls.push('rolled back'));
          throw new Error('no');
        })
        .catch(() => undefined);
      expect(calls).toEqual(['committed']);
    });
  });

  describe('append alone', () => {
    it('writes all or nothing', async () => {
      const [good, bad] = [anEvent(), anEvent()];
      await expect(store.appendAlone([good, bad, { ...bad }])).rejects.toBeDefined();
      expect(await idsFrom()).toEqual([]);
    });

    it('one refused call does not take the others of its commit down', async () => {
      const first = anEvent();
      const twin = { ...first };
      const others = Array.from({ length: 20 }, () => anEvent());
      const outcomes = await Promise.allSettled([
        store.appendAlone([first]),
        store.appendAlone([twin]),
        ...others.map((event) => store.appendAlone([event])),
      ]);
      expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(1);
      expect((await idsFrom()).sort()).toEqual([first.id, ...others.map((event) => event.id)].sort());
    });

    it('answers a repeated idempotency key with the first event and writes nothing', async () => {
      const first = anEvent({ idempotencyKey: 'k', idempotencyDigest: 'd' });
      const again = anEvent({ idempotencyKey: 'k', idempotencyDigest: 'd' });
      const [one] = await store.appendAlone([first]);
      const [two] = await store.appendAlone([again]);
      expect(two).toEqual({ ...one, repeated: true });
      expect(await idsFrom()).toEqual([first.id]);
    });

    it('refuses an idempotency key under which something else was published', async () => {
      await store.appendAlone([anEvent({ idempotencyKey: 'k', idempotencyDigest: 'd' })]);
      const other = anEvent({ idempotencyKey: 'k', idempotencyDigest: 'other' });
      await expect(store.appendAlone([other])).rejects.toMatchObject({ code: 'idempotency_conflict' });
    });

    it('of many calls with one key at once, one writes', async () => {
      const calls = Array.from({ length: 25 }, () =>
        store.appendAlone([anEvent({ idempotencyKey: 'k', idempotencyDigest: 'd' })]),
      );
      const answers = (await Promise.all(calls)).flat();
      expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
      expect(answers.filter((answer) => !answer.repeated)).toHaveLength(1);
    });
  });

  describe('reading', () => {
    it('positions grow in commit order and a reader that goes on after a page misses nothing', async () => {
      const written: string[] = [];
      for (let n = 0; n < 25; n += 1) {
        const [appended] = await store.appendAlone([anEvent()]);
        written.push(String(appended?.id));
      }
      const read: string[] = [];
      let after = 0;
      for (let more = true; more;) {
        const next = await page(after, 4);
        expect(next.through).toBeGreaterThanOrEqual(after);
        read.push(...next.events.map((event) => event.id));
        ({ through: after, more } = next);
      }
      expect(read).toEqual(written);
    });

    it('admits exact types, prefixes at any depth, and all; every list must admit', async () => {
      const types = ['invoice.paid', 'invoice.line.added', 'invoice', 'invoices.paid', 'user.created'];
      const events = types.map((type) => anEvent({ type }));
      await store.appendAlone(events);
      const read = async (...lists: string[][]) => {
        const { events: found } = await page(0, 100, { tenant: 'acme', types: lists });
        return found.map((event) => event.type);
      };
      expect(await read(['*'])).toEqual(types);
      expect(await read(['invoice.*'])).toEqual(['invoice.paid', 'invoice.line.added']);
      expect(await read(['invoice', 'user.created'])).toEqual(['invoice', 'user.created']);
      expect(await read(['*'], ['invoice.*'], ['invoice.paid', 'user.created'])).toEqual(['invoice.paid']);
      expect(await read([])).toEqual([]);
      expect(await read(['*'], [])).toEqual([]);
    });

    it('another tenant’s event is as absent as one that never was', async () => {
      const mine = anEvent();
      const theirs = anEvent({ tenant: 'globex' });
      await store.appendAlone([mine, theirs]);
      expect(await store.readOne(theirs.id, everything)).toBeUndefined();
      expect(await store.readOne(anEvent().id, everything)).toBeUndefined();
      expect((await store.readMany([mine.id, theirs.id], everything)).map((event) => event.id)).toEqual([mine.id]);
      expect(await idsFrom()).toEqual([mine.id]);
      expect(await store.count(everything, 0, 100, 100)).toBe(1);
    });

    it('a page ends behind events that the types do not admit, so a cursor gets past them', async () => {
      await store.appendAlone([anEvent({ type: 'wanted' }), anEvent({ type: 'other' }), anEvent({ type: 'other' })]);
      const found = await page(0, 10, { tenant: 'acme', types: [['wanted']] });
      expect(found.events).toHaveLength(1);
      expect(found.through).toBe((await store.bounds()).head);
      expect(found.more).toBe(false);
    });

    it('a page stops at its bytes, with at least one event', async () => {
      const data = JSON.stringify('x'.repeat(3_000_000));
      await store.appendAlone([
        anEvent({ data }),
        anEvent({ data }),
        anEvent({ data }),
        anEvent({ data }),
        anEvent({ data }),
      ]);
      const found = await page(0, 100);
      expect(found.events.length).toBeLessThan(5);
      expect(found.events.length).toBeGreaterThan(0);
      expect(found.more).toBe(true);
    });

    it('counts to the cap', async () => {
      await store.appendAlone(Array.from({ length: 12 }, () => anEvent()));
      const { head } = await store.bounds();
      expect(await store.count(everything, 0, head, 5)).toBe(5);
      expect(await store.count(everything, 4, head, 100)).toBe(8);
    });

    it('lists metadata by tenant, type and subject, never a payload', async () => {
      await store.appendAlone([
        anEvent({ subject: 'a' }),
        anEvent({ subject: 'b' }),
        anEvent({ subject: 'a', type: 'x' }),
        anEvent({ tenant: 'globex', subject: 'a' }),
      ]);
      const query = { after: { partition: 0, position: 0 }, limit: 10 };
      expect((await store.listMetadata(query)).events).toHaveLength(4);
      expect((await store.listMetadata({ ...query, tenant: 'acme', subject: 'a' })).events).toHaveLength(2);
      expect((await store.listMetadata({ ...query, type: 'x' })).events).toHaveLength(1);
      const first = await store.listMetadata({ ...query, limit: 3 });
      expect(first.more).toBe(true);
      expect(Object.keys(first.events[0] ?? {})).not.toContain('data');
      expect(
        (await store.listMetadata({ ...query, after: { partition: 0, position: first.through } })).events,
      ).toHaveLength(1);
    });
  });

  describe('retention', () => {
    it('removes payloads from the old end first, then rows; the bounds follow; positions are not given out again', async () => {
      const events = [1, 2, 3, 4].map((n) => anEvent({ recordedAt: n * 1_000 }));
      for (const event of events) await store.appendAlone([event]);
      const { head } = await store.bounds();

      expect(await store.prune(3_000, 0, 100)).toEqual({ expired: 2, forgotten: 0, more: false });
      expect((await store.bounds()).oldest).toBe(head - 2);
      expect(await idsFrom()).toEqual([events[2]?.id, events[3]?.id]);
      const gone = await store.readOne(events[0]?.id ?? anEvent().id, everything);
      expect(gone).toMatchObject({ gone: 'expired', data: null });

      expect(await store.prune(9_000, 9_000, 100)).toEqual({ expired: 2, forgotten: 4, more: false });
      expect(await store.readOne(events[0]?.id ?? anEvent().id, everything)).toBeUndefined();
      expect(await store.bounds()).toEqual({ partition: 0, head, oldest: head });
      const [next] = await store.appendAlone([anEvent({ recordedAt: 10_000 })]);
      expect(next?.position).toBe(head + 1);
    });

    it('works in batches and never skips a younger event that stands before an older one', async () => {
      await store.appendAlone([anEvent({ recordedAt: 1 }), anEvent({ recordedAt: 900 }), anEvent({ recordedAt: 2 })]);
      expect(await store.prune(500, 0, 1)).toEqual({ expired: 1, forgotten: 0, more: true });
      expect(await store.prune(500, 0, 1)).toEqual({ expired: 0, forgotten: 0, more: false });
      expect(await idsFrom()).toHaveLength(2);
    });
  });
}

/** Runs apart from the transaction whose callback calls it, as another request of the same process does. */
function outside<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    queue.push(() => work().then(resolve, reject));
  });
}
const queue: (() => void)[] = [];
setInterval(() => queue.splice(0).forEach((work) => work()), 1).unref();
