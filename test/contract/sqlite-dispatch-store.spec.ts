import { describe, expect, it } from '@jest/globals';
import { IdGenerator } from '../../src/protocol/ids.js';
import type { ClaimedSignal } from '../../src/producer/dispatch/dispatch-store.js';
import { SqliteDispatchStore } from '../../src/producer/dispatch/sqlite-dispatch-store.js';
import { SqliteEventStore } from '../../src/producer/log/sqlite-event-store.js';
import { SqliteProgressStore } from '../../src/producer/log/sqlite-progress-store.js';
import { openTestDatabase } from '../support/database.js';
import { addEndpoint, addReceiver } from '../support/subscriptions.js';
import { isSynced } from '../support/synced-commits.js';
import { anEvent } from './event-store.contract.js';
import {
  CONFIRM,
  DISABLE_AFTER,
  dispatchStoreContract,
  type DispatchStoreFixture,
  LEASE,
  outcome,
  RETRY,
} from './dispatch-store.contract.js';
import { dispatchVerificationContract } from './dispatch-verification.contract.js';

describe('the dispatch store on SQLite', () => {
  const open = async (): Promise<DispatchStoreFixture> => {
    const { dataSource, turns, close } = await openTestDatabase();
    const ids = new IdGenerator();
    let time = 1_000_000;
    const policy = { retrySchedule: RETRY, confirmSchedule: CONFIRM, disableAfterMs: DISABLE_AFTER, leaseMs: LEASE };
    return {
      dataSource,
      store: new SqliteDispatchStore(
        turns,
        ids,
        policy,
        () => time,
        () => 0.5,
      ),
      events: new SqliteEventStore(turns),
      progress: new SqliteProgressStore(turns),
      sole: true,
      advance: (ms) => {
        time += ms;
      },
      now: () => time,
      addReceiver: (options) => addReceiver(dataSource, ids, options),
      addEndpoint: (receiver, options) => addEndpoint(dataSource, ids, receiver, options),
      park: async (endpoint) => {
        await dataSource.query(
          'UPDATE signpost_endpoint_position SET active = 0, due_at = NULL WHERE endpoint_id = ?',
          [endpoint],
        );
      },
      stateOf: async (endpoint) => {
        const rows: { state: string; reason: string | null }[] = await dataSource.query(
          'SELECT state, reason FROM signpost_endpoint WHERE id = ?',
          [endpoint],
        );
        return rows[0] ?? { state: 'missing', reason: null };
      },
      close,
    };
  };
  dispatchStoreContract(open);
  dispatchVerificationContract(open);

  it('waits for the disk before a signal is sent and for a failure, not for an acknowledgement or a renewal', async () => {
    const { dataSource, store, events, addReceiver: receiver, addEndpoint: endpoint, close } = await open();
    const owner = 'node';
    await endpoint(await receiver());
    const claimed = async () => {
      await events.appendAlone([anEvent({ type: 'a' })]);
      await store.wake(10);
      const claims: ClaimedSignal[] = [];
      expect(await isSynced(dataSource, async () => claims.push(...(await store.claim({ owner, limit: 1 }))))).toBe(
        true,
      );
      const [claim] = claims;
      if (!claim) throw new Error('nothing was claimed');
      return claim;
    };
    const first = await claimed();
    expect(await isSynced(dataSource, () => store.renew([first], owner))).toBe(false);
    expect(await isSynced(dataSource, () => store.settle([outcome(first)]))).toBe(false);
    const second = await claimed();
    const failed = outcome(second, { outcome: 'failed', status: 500, category: 'http_server_error' });
    expect(await isSynced(dataSource, () => store.settle([failed]))).toBe(true);
    await close();
  });
});
