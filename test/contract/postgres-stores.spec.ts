import { afterAll, beforeAll, describe } from '@jest/globals';
import { GivenClock } from '../../src/database/postgres-clock.js';
import { IdGenerator } from '../../src/protocol/ids.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { postgresFixtures, type PostgresFixtures } from '../support/postgres-database.js';
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
import { eventStoreContract } from './event-store.contract.js';
import { progressStoreContract } from './progress-store.contract.js';

let server: TestPostgres;
let fixtures: PostgresFixtures;

beforeAll(async () => {
  server = await startPostgres();
  fixtures = await postgresFixtures(server);
});

afterAll(async () => {
  await fixtures?.end();
  await server?.stop();
});

describe('the event store on PostgreSQL', () => {
  eventStoreContract(async () => {
    const { dataSource, database, close } = await fixtures.open();
    return { dataSource, store: database.events, close };
  });
});

describe('the progress store on PostgreSQL', () => {
  progressStoreContract(async () => {
    const { dataSource, database, close } = await fixtures.open();
    const ids = new IdGenerator();
    return {
      store: database.progress,
      events: database.events,
      addReceiver: async (...endpoints) => {
        const receiver = await addReceiver(dataSource, ids);
        for (const eventTypes of endpoints) await addEndpoint(dataSource, ids, receiver, { eventTypes });
        return receiver;
      },
      removeReceiver: async (receiver) => {
        await dataSource.query('DELETE FROM signpost_receiver WHERE id = $1', [receiver]);
      },
      close,
    };
  });
});

describe('the dispatch store on PostgreSQL', () => {
  const open = async (): Promise<DispatchStoreFixture> => {
    const ids = new IdGenerator();
    let time = 1_000_000;
    const policy = { retrySchedule: RETRY, confirmSchedule: CONFIRM, disableAfterMs: DISABLE_AFTER, leaseMs: LEASE };
    const { dataSource, database, close } = await fixtures.open({
      dispatch: { ...policy, pollIntervalMs: 1_000 },
      clock: new GivenClock(() => time),
    });
    return {
      dataSource,
      store: database.dispatch,
      events: database.events,
      progress: database.progress,
      sole: false,
      advance: (ms) => {
        time += ms;
      },
      now: () => time,
      addReceiver: (options) => addReceiver(dataSource, ids, options),
      addEndpoint: (receiver, options) => addEndpoint(dataSource, ids, receiver, options),
      park: async (endpoint) => {
        await dataSource.query(
          'UPDATE signpost_endpoint_position SET active = 0, due_at = NULL, revision = revision + 1 WHERE endpoint_id = $1',
          [endpoint],
        );
      },
      stateOf: async (endpoint) => {
        const rows = await dataSource.query<{ state: string; reason: string | null }[]>(
          'SELECT state, reason FROM signpost_endpoint WHERE id = $1',
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
