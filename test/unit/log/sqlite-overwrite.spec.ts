import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdGenerator } from '../../../src/protocol/ids.js';
import { SqliteErasureStore } from '../../../src/producer/log/sqlite-erasure-store.js';
import { SqliteEventStore } from '../../../src/producer/log/sqlite-event-store.js';
import { openTestDatabase } from '../../support/database.js';

const CANARY = 'CANARYANNA';
const ids = new IdGenerator();

/** An event of somebody, with a payload of about so many bytes. */
const written = fc.record({
  subject: fc.constantFrom('anna', 'bert'),
  bytes: fc.constantFrom(10, 100, 900, 1_500, 3_000, 9_000),
});

describe('a payload that was erased, or left retention before', () => {
  it('has no byte in the database file, whatever pages it lay on, and however those were split and merged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(written, { minLength: 60, maxLength: 250, size: 'max' }),
        fc.integer({ min: 0, max: 20 }),
        async (events, expired) => {
          const { dataSource, turns, close } = await openTestDatabase();
          const [log, erasures] = [new SqliteEventStore(turns), new SqliteErasureStore(turns)];
          const { database } = dataSource.options as { database: string };
          await log.appendAlone(
            events.map(({ subject, bytes }, at) => ({
              id: ids.next('evt'),
              tenant: 'acme',
              type: 'a',
              subject,
              occurredAt: at,
              recordedAt: at,
              data: JSON.stringify((subject === 'anna' ? CANARY : 'canarybert').repeat(1 + bytes / 10)),
              idempotencyKey: null,
              idempotencyDigest: null,
              traceparent: null,
            })),
          );
          await log.prune(expired, 0, 100);
          const id = ids.next('era');
          await erasures.accept({ id, tenant: 'acme', subject: 'anna', acceptedAt: 1 });
          while (await erasures.eraseSome(id, 2));
          await erasures.overwrite();
          const [file, wal] = await Promise.all([readFile(database), readFile(`${database}-wal`)]);
          expect(file.includes(CANARY)).toBe(false);
          expect(wal).toHaveLength(0);
          await close();
        },
      ),
      { numRuns: 25 },
    );
  }, 30_000);
});
