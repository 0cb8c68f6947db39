import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DatabaseUnavailableError } from '../../src/database/errors.js';
import { PostgresEngine } from '../../src/database/postgres-engine.js';
import { IdGenerator } from '../../src/protocol/ids.js';
import { postgresFixtures, type PostgresFixtures } from '../support/postgres-database.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { addEndpoint, addReceiver } from '../support/subscriptions.js';
import { anEvent } from './event-store.contract.js';

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

it('a claim whose answer is lost on the way is claimed again at once, and not when its lease ends', async () => {
  const { dataSource, database, close } = await fixtures.open();
  const ids = new IdGenerator();
  await addEndpoint(dataSource, ids, await addReceiver(dataSource, ids));
  await database.events.appendAlone([anEvent()]);
  await database.dispatch.wake(100);
  const { rows } = PostgresEngine.prototype;
  const engine = (database as unknown as { engine: PostgresEngine }).engine;
  engine.rows = async (text, values) => {
    const answer = await rows.call(engine, text, values);
    engine.rows = rows as PostgresEngine['rows'];
    if (/lease_token \+ 1/.test(text)) throw new DatabaseUnavailableError(`lost with ${answer.length} rows`);
    return answer as never;
  };
  await expect(database.dispatch.claim({ owner: 'one', limit: 10 })).rejects.toThrow('lost with 1 rows');
  // Not even another node would have it before the lease ends.
  expect(await database.dispatch.claim({ owner: 'one', limit: 10 })).toHaveLength(1);
  // What is known and in flight is left alone.
  expect(await database.dispatch.claim({ owner: 'one', limit: 10 })).toHaveLength(0);
  await close();
});
