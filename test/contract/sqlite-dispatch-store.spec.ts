import { describe } from '@jest/globals';
import { IdGenerator } from '../../src/protocol/ids.js';
import { SqliteDispatchStore } from '../../src/producer/dispatch/sqlite-dispatch-store.js';
import { SqliteEventStore } from '../../src/producer/log/sqlite-event-store.js';
import { SqliteProgressStore } from '../../src/producer/log/sqlite-progress-store.js';
import { openTestDatabase } from '../support/database.js';
import { addEndpoint, addReceiver } from '../support/subscriptions.js';
import {
  CONFIRM,
  DISABLE_AFTER,
  dispatchStoreContract,
  type DispatchStoreFixture,
  LEASE,
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
});
