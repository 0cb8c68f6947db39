import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PostgresInboxStore } from '../../src/receiver/inbox/postgres-inbox-store.js';
import { runReceiverMigrations } from '../../src/receiver/migrations/run-receiver-migrations.js';
import { claimDue, claimedIds, claimOne, eventsOf, idsOf, storeNext } from '../../src/testing/inbox-store-setting.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

let server: TestPostgres;
let dataSource: DataSource;
let store: PostgresInboxStore;
beforeAll(async () => {
  server = await startPostgres();
  dataSource = await new DataSource({ type: 'postgres', url: (await server.createDatabase()).url }).initialize();
  await runReceiverMigrations(dataSource);
  store = new PostgresInboxStore(dataSource);
  await dataSource.query(`CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$`);
}, 60_000);
afterAll(async () => {
  await dataSource?.destroy();
  await server?.stop();
});

/** Lets writes of rows of which `condition` is true wait in the middle of their statement, until the answered function is called. */
async function pauseWhere(condition: string): Promise<{ reached(): Promise<unknown>; letGo(): Promise<void> }> {
  await dataSource.query(
    `CREATE TRIGGER wait_here BEFORE INSERT OR UPDATE ON signpost_inbox FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION wait_here()`,
  );
  const runner = dataSource.createQueryRunner();
  await runner.query('SELECT pg_advisory_lock(1)');
  return {
    reached: () =>
      until(async () => {
        const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database =
          (SELECT oid FROM pg_database WHERE datname = current_database())`;
        return (await dataSource.query<unknown[]>(waiting)).length > 0;
      }, 'the statement that waits'),
    letGo: async () => {
      await runner.query('SELECT pg_advisory_unlock(1)');
      await runner.release();
      // Waits itself for whoever is still writing.
      await dataSource.query('DROP TRIGGER wait_here ON signpost_inbox');
    },
  };
}

describe('statements of several nodes that meet halfway', () => {
  it('an event that is brought back while the next one is being claimed waits for that one', async () => {
    const setting = { store, producer: 'brought-back' };
    const [parked, next] = [eventsOf('one', 1), eventsOf('one', 1)];
    await storeNext(setting, [...parked, ...next]);
    await store.settleFailure(await claimOne(setting), { outcome: 'parked', error: 'no', holds: false });
    await store.sweep(setting.producer);

    const pause = await pauseWhere(`NEW.claimed_by = 'slow'`);
    const slow = claimDue(setting, { owner: 'slow' });
    await pause.reached();
    const fast = store
      .retry(setting.producer, parked[0]?.id ?? '')
      .then(() => claimDue(setting, { owner: 'fast', released: ['one'] }));
    // Who does not wait for the slow claim would be through before it.
    await Promise.race([fast, until(async () => (await waitingForRows()) > 0, 'the retry that waits')]);
    await pause.letGo();
    expect(claimedIds(await slow)).toEqual(idsOf(next));
    expect(await fast).toEqual([]);
  });

  it('a claim passes over what another is claiming, and takes the rest at once', async () => {
    const setting = { store, producer: 'passes-over' };
    const events = eventsOf(null, 4);
    await storeNext(setting, events);
    const pause = await pauseWhere(`NEW.claimed_by = 'slow'`);
    const slow = claimDue(setting, { owner: 'slow', limit: 1 });
    await pause.reached();
    expect(claimedIds(await claimDue(setting, { owner: 'fast' }))).toEqual(idsOf(events.slice(1)));
    await pause.letGo();
    expect(claimedIds(await slow)).toEqual(idsOf(events.slice(0, 1)));
  });

  it('the second of two nodes that store the same page waits for the first, and stores nothing', async () => {
    const producer = 'same-page';
    await store.cursor(producer);
    const pause = await pauseWhere(`NEW.producer = '${producer}'`);
    const page = { after: null, cursor: 'c1', events: eventsOf('one', 2) };
    const first = store.storePage(producer, page);
    await pause.reached();
    const second = store.storePage(producer, page);
    await until(async () => (await waitingForRows()) > 0, 'the second node');
    await pause.letGo();
    expect(await first).toEqual({ outcome: 'stored', fresh: 2, repeated: 0 });
    expect(await second).toEqual({ outcome: 'moved' });
  });
});

async function waitingForRows(): Promise<number> {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND wait_event IN ('transactionid', 'tuple')`;
  return (await dataSource.query<unknown[]>(waiting)).length;
}
