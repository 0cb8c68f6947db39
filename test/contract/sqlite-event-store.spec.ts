import { describe } from '@jest/globals';
import { SqliteEventStore } from '../../src/producer/log/sqlite-event-store.js';
import { openTestDatabase } from '../support/database.js';
import { eventStoreContract } from './event-store.contract.js';

describe('the event store on SQLite', () => {
  eventStoreContract(async () => {
    const { dataSource, turns, close } = await openTestDatabase();
    return { dataSource, store: new SqliteEventStore(turns), close };
  });
});
