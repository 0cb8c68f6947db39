import { describe } from '@jest/globals';
import { IdGenerator } from '../../src/protocol/ids.js';
import { SqliteEventStore } from '../../src/producer/log/sqlite-event-store.js';
import { SqliteProgressStore } from '../../src/producer/log/sqlite-progress-store.js';
import { openTestDatabase } from '../support/database.js';
import { addEndpoint, addReceiver } from '../support/subscriptions.js';
import { progressStoreContract } from './progress-store.contract.js';

describe('the progress store on SQLite', () => {
  progressStoreContract(async () => {
    const { dataSource, turns, close } = await openTestDatabase();
    const ids = new IdGenerator();
    return {
      store: new SqliteProgressStore(turns),
      events: new SqliteEventStore(turns),
      addReceiver: async (...endpoints) => {
        const receiver = await addReceiver(dataSource, ids);
        for (const eventTypes of endpoints) await addEndpoint(dataSource, ids, receiver, { eventTypes });
        return receiver;
      },
      removeReceiver: async (receiver) => {
        await dataSource.query('DELETE FROM signpost_receiver WHERE id = ?', [receiver]);
      },
      close,
    };
  });
});
