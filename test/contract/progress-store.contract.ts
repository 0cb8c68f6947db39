import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ReceiverId } from '../../src/protocol/ids.js';
import type { EventStore } from '../../src/producer/log/event-store.js';
import type { Progress, ProgressStore } from '../../src/producer/log/progress-store.js';
import { anEvent } from './event-store.contract.js';

export interface ProgressStoreFixture {
  store: ProgressStore;
  events: EventStore;
  /** A receiver of tenant `acme` with an endpoint for each list of patterns. */
  addReceiver(...endpoints: string[][]): Promise<ReceiverId>;
  removeReceiver(receiver: ReceiverId): Promise<void>;
  close(): Promise<void>;
}

/** What every progress store promises, whatever the database. */
export function progressStoreContract(open: () => Promise<ProgressStoreFixture>): void {
  let fixture: ProgressStoreFixture;
  beforeEach(async () => {
    fixture = await open();
  });
  afterEach(() => fixture.close());

  const publish = async (...types: string[]): Promise<number[]> => {
    const appended = await fixture.events.appendAlone(types.map((type) => anEvent({ type })));
    return appended.map(({ position }) => position);
  };

  describe('marks', () => {
    it('only move forward, and an ack is also a fetch', async () => {
      const receiver = await fixture.addReceiver(['*']);
      await publish('a', 'a', 'a');
      const apply = (progress: Progress) => fixture.store.apply([{ receiver, progress }]);
      expect(await fixture.store.marks(receiver)).toEqual({ fetched: 0, acked: 0 });
      await apply({ kind: 'fetched-through', through: 2 });
      expect(await fixture.store.marks(receiver)).toEqual({ fetched: 2, acked: 0 });
      await apply({ kind: 'fetched-through', through: 1 });
      await apply({ kind: 'acked-through', through: 1 });
      expect(await fixture.store.marks(receiver)).toEqual({ fetched: 2, acked: 1 });
      await apply({ kind: 'acked-through', through: 3 });
      expect(await fixture.store.marks(receiver)).toEqual({ fetched: 3, acked: 3 });
    });

    it('of one receiver do not touch another’s', async () => {
      const [one, two] = [await fixture.addReceiver(['*']), await fixture.addReceiver(['*'])];
      await publish('a', 'a');
      await fixture.store.apply([{ receiver: one, progress: { kind: 'acked-through', through: 2 } }]);
      expect(await fixture.store.marks(two)).toEqual({ fetched: 0, acked: 0 });
    });

    it('of a receiver that was deleted meanwhile do not fail the others of the batch', async () => {
      const [gone, alive] = [await fixture.addReceiver(['*']), await fixture.addReceiver(['*'])];
      const [position] = await publish('a');
      await fixture.removeReceiver(gone);
      await fixture.store.apply([
        { receiver: gone, progress: { kind: 'acked-through', through: 1 } },
        { receiver: gone, progress: { kind: 'fetched', positions: [position ?? 0] } },
        { receiver: alive, progress: { kind: 'acked-through', through: 1 } },
      ]);
      expect(await fixture.store.marks(alive)).toEqual({ fetched: 1, acked: 1 });
    });
  });

  describe('receipts', () => {
    it('are folded into the mark once no older selected event lacks one', async () => {
      const receiver = await fixture.addReceiver(['wanted']);
      const [first = 0, , second = 0, third = 0] = await publish('wanted', 'other', 'wanted', 'wanted');
      const fetch = (position: number) =>
        fixture.store.apply([{ receiver, progress: { kind: 'fetched', positions: [position] } }]);
      await fetch(third);
      expect((await fixture.store.marks(receiver)).fetched).toBe(0);
      expect(await fixture.store.receipts(receiver, [first, third])).toEqual(new Map([[third, 'fetched']]));
      await fetch(first);
      expect((await fixture.store.marks(receiver)).fetched).toBeGreaterThanOrEqual(first);
      expect((await fixture.store.marks(receiver)).fetched).toBeLessThan(second);
      await fetch(second);
      expect((await fixture.store.marks(receiver)).fetched).toBe(third);
      expect(await fixture.store.receipts(receiver, [first, second, third])).toEqual(new Map());
    });

    it('agree with a simple model over random interleavings of pages, fetches and acks', async () => {
      const types = fc.array(fc.constantFrom('a.x', 'b', 'c'), { minLength: 1, maxLength: 12 });
      const filters = fc.subarray([['a.*'], ['b'], ['*']], { minLength: 1, maxLength: 2 });
      const step = fc.record({
        kind: fc.constantFrom<Progress['kind']>('fetched-through', 'acked-through', 'fetched', 'acked'),
        at: fc.nat(11),
        also: fc.nat(11),
      });
      await fc.assert(
        fc.asyncProperty(types, filters, fc.array(step, { maxLength: 15 }), async (published, endpoints, steps) => {
          const receiver = await fixture.addReceiver(...endpoints);
          const positions = await publish(...published);
          const selected = (index: number) => {
            const type = published[index] ?? '';
            return endpoints
              .flat()
              .some((pattern) => pattern === '*' || pattern === type || (pattern === 'a.*' && type === 'a.x'));
          };
          // The model: what was fetched and acked, event by event, with everything before this run behind the marks.
          const base = (positions[0] ?? 1) - 1;
          await fixture.store.apply([{ receiver, progress: { kind: 'acked-through', through: base } }]);
          const seen = { fetched: new Set<number>(), acked: new Set<number>() };
          for (const { kind, at, also } of steps) {
            const index = Math.min(at, positions.length - 1);
            const other = Math.min(also, positions.length - 1);
            const covered = kind.endsWith('through')
              ? positions.map((_, i) => i).filter((i) => i <= index)
              : [index, other];
            const position = positions[index] ?? 0;
            const progress: Progress =
              kind === 'fetched-through' || kind === 'acked-through'
                ? { kind, through: position }
                : { kind, positions: [position, positions[other] ?? 0] };
            await fixture.store.apply([{ receiver, progress }]);
            for (const i of covered) {
              seen.fetched.add(i);
              if (kind.startsWith('acked')) seen.acked.add(i);
            }
          }
          const marks = await fixture.store.marks(receiver);
          const receipts = await fixture.store.receipts(receiver, positions);
          positions.forEach((position, i) => {
            if (!selected(i)) return;
            const fetched = position <= marks.fetched || receipts.has(position);
            const acked = position <= marks.acked || receipts.get(position) === 'acked';
            expect({ i, fetched, acked }).toEqual({ i, fetched: seen.fetched.has(i), acked: seen.acked.has(i) });
          });
        }),
        { numRuns: 60 },
      );
    });
  });
}
