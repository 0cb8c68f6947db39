import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DatabaseUnavailableError } from '../../src/database/errors.js';
import { GivenClock } from '../../src/database/postgres-clock.js';
import { PostgresEngine } from '../../src/database/postgres-engine.js';
import type { PostgresConnections } from '../../src/database/postgres-session.js';
import { PostgresPublishGroup } from '../../src/producer/log/postgres-publish-group.js';
import { PostgresSequencer } from '../../src/producer/log/postgres-sequencer.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { postgresFixtures, type PostgresFixtures } from '../support/postgres-database.js';
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

/** Its first statement is answered with a broken connection; the server goes on with it, and is done just before the second one. */
class LosingEngine extends PostgresEngine {
  private lost: (() => Promise<unknown>) | undefined;
  private used = 0;

  override get connections(): PostgresConnections {
    const connections = super.connections;
    return {
      use: async (work) => {
        this.used += 1;
        if (this.used === 1) {
          this.lost = () => connections.use(work);
          throw new DatabaseUnavailableError('the connection broke');
        }
        await this.lost?.();
        this.lost = undefined;
        return connections.use(work);
      },
    };
  }
}

it('a publish whose connection broke is answered with the event, also when the server commits it after the first look', async () => {
  const { dataSource, close } = await fixtures.open();
  const engine = new LosingEngine(dataSource, { size: 2, name: 'test' });
  const sequencer = new PostgresSequencer(engine, 0, 'unheard', new GivenClock(() => Date.now()));
  const group = new PostgresPublishGroup(engine, () => sequencer.step().then(() => undefined));
  const event = { ...anEvent(), partition: 0 };
  expect(await group.publish([event])).toMatchObject([{ id: event.id, position: 1 }]);
  const rows = await dataSource.query<{ id: string }[]>('SELECT id FROM signpost_log');
  expect(rows).toEqual([{ id: event.id }]);
  await engine.close();
  await close();
});
