import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { IdGenerator } from '../../src/protocol/ids.js';
import type { ErasureStore } from '../../src/producer/log/erasure-store.js';
import type { EventStore } from '../../src/producer/log/event-store.js';
import { anEvent } from './event-store.contract.js';

export interface ErasureStoreFixture {
  dataSource: DataSource;
  store: ErasureStore;
  events: EventStore;
  close(): Promise<void>;
}

const ids = new IdGenerator();
const none = ids.next('evt');
const everything = { tenant: 'acme', types: [['*']] };

/** What every store of erasures promises, whatever the database. */
export function erasureStoreContract(open: () => Promise<ErasureStoreFixture>): void {
  let fixture: ErasureStoreFixture;
  let store: ErasureStore;
  let events: EventStore;

  beforeEach(async () => {
    fixture = await open();
    ({ store, events } = fixture);
  });
  afterEach(() => fixture.close());

  const accepted = async (subject = 'anna', tenant = 'acme') => {
    const id = ids.next('era');
    await store.accept({ id, tenant, subject, acceptedAt: 5_000 });
    return id;
  };
  const publish = async (...of: Parameters<typeof anEvent>[]) => {
    const made = of.map(([over]) => anEvent({ subject: 'anna', ...over }));
    await events.appendAlone(made);
    return made;
  };
  const payloads = async () => {
    const [row] = await fixture.dataSource.query<{ n: string | number }[]>(
      'SELECT count(*) AS n FROM signpost_event WHERE data IS NOT NULL',
    );
    return Number(row?.n);
  };
  const gone = async () =>
    (await events.readPage({ ...everything, after: 0, limit: 1_000 })).events.map((event) => event.gone);

  it('erases the payloads of the subject in its tenant, and nothing else; ids, positions and metadata stay', async () => {
    const [mine, other, , foreign] = await publish(
      [{ idempotencyKey: 'k', idempotencyDigest: 'd' }],
      [{ subject: 'annabel' }],
      [{ subject: null }],
      [{ tenant: 'globex' }],
    );
    const before = await events.readOne(mine?.id ?? none, everything);
    const id = await accepted();
    expect(await store.eraseSome(id, 6_000)).toBe(false);
    expect(await events.readOne(mine?.id ?? none, everything)).toEqual({ ...before, data: null, gone: 'erased' });
    expect(await gone()).toEqual(['erased', null, null]);
    expect(await events.readOne(other?.id ?? none, everything)).toMatchObject({ data: '{"n":1}' });
    expect(await events.readOne(foreign?.id ?? none, { ...everything, tenant: 'globex' })).toMatchObject({
      data: '{"n":1}',
    });
    expect(await store.state(id)).toEqual({ events: 1, acceptedAt: 5_000, doneAt: null });
    const [row] = await fixture.dataSource.query<Record<string, unknown>[]>(
      `SELECT idempotency_key, idempotency_digest FROM signpost_event WHERE subject = 'anna' AND tenant = 'acme'`,
    );
    expect(row).toEqual({ idempotency_key: 'k', idempotency_digest: null });
  });

  it('goes batch by batch, counts each payload once, and ends', async () => {
    const many = Array.from({ length: 1_050 }, () => [{}] as [object]);
    for (let from = 0; from < many.length; from += 500) await publish(...many.slice(from, from + 500));
    const id = await accepted();
    const epochs = new Set([await store.epoch()]);
    const left: number[] = [];
    let batches = 0;
    for (let more = true; more; batches++) {
      more = await store.eraseSome(id, 6_000);
      epochs.add(await store.epoch());
      left.push(await payloads());
    }
    expect(batches).toBeGreaterThan(2);
    // Each batch is bounded, and each is durable by itself.
    expect(left.slice(0, -1).every((count, n) => count > 0 && 1_050 - count <= (n + 1) * 500)).toBe(true);
    expect(left.at(-1)).toBe(0);
    expect(epochs.size).toBe(batches + 1);
    expect((await store.state(id))?.events).toBe(1_050);
  });

  it('can be worked on by several at once, and asked for again', async () => {
    await publish(...Array.from({ length: 30 }, () => [{}] as [object]));
    const [first, second] = [await accepted(), await accepted()];
    await Promise.all([first, first, second, first, second].map((id) => store.eraseSome(id, 6_000)));
    const counted = [await store.state(first), await store.state(second)].map((state) => state?.events ?? -1);
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(30);
  });

  it('does not touch what is published after it was accepted', async () => {
    await publish([{}]);
    const id = await accepted();
    const [later] = await publish([{}]);
    await store.eraseSome(id, 6_000);
    expect(await events.readOne(later?.id ?? none, everything)).toMatchObject({ gone: null });
  });

  it('stays unfinished until it is finished, and then has forgotten the subject', async () => {
    const [first, second] = [await accepted(), await accepted('bert')];
    expect(await store.unfinished()).toEqual([first, second]);
    await store.finish(first, 7_000);
    await store.finish(first, 8_000);
    expect(await store.unfinished()).toEqual([second]);
    expect((await store.state(first))?.doneAt).toBe(7_000);
    expect(await store.eraseSome(first, 9_000)).toBe(false);
    expect(JSON.stringify(await fixture.dataSource.query('SELECT * FROM signpost_erasure'))).not.toContain('anna');
  });

  it('does not let a repeated publish bring an erased event back', async () => {
    const keyed = { idempotencyKey: 'k', idempotencyDigest: 'd' };
    const [event] = await publish([keyed]);
    await store.eraseSome(await accepted(), 6_000);
    for (const digest of ['d', 'another']) {
      const again = anEvent({ subject: 'anna', ...keyed, idempotencyDigest: digest });
      expect(await events.appendAlone([again])).toMatchObject([{ id: event?.id, repeated: true }]);
    }
    expect(await gone()).toEqual(['erased']);
  });

  it('leaves an event that is past its retention what it is', async () => {
    await publish([{ recordedAt: 1 }]);
    await events.prune(10, 0, 100);
    const id = await accepted();
    await store.eraseSome(id, 6_000);
    expect((await store.state(id))?.events).toBe(0);
  });

  describe('overwriting', () => {
    it('is done whenever it is asked for', async () => {
      await publish([{}]);
      const id = await accepted();
      await store.eraseSome(id, 6_000);
      await store.overwrite();
      await store.overwrite();
    });
  });
}
