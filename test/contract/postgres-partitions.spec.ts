import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { IdGenerator } from '../../src/protocol/ids.js';
import { SIGNPOST_ENTITIES } from '../../src/producer/entities.js';
import { runMigrations } from '../../src/producer/migrations/run-migrations.js';
import { PostgresDatabase } from '../../src/producer/postgres-database.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { postgresFixtures, postgresSettings, type PostgresFixtures } from '../support/postgres-database.js';
import { until } from '../support/until.js';
import { anEvent } from './event-store.contract.js';

const TENANTS = Array.from({ length: 30 }, (_, n) => `tenant-${n}`);

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

const places = (database: PostgresDatabase, tenants = TENANTS) =>
  Promise.all(tenants.map((tenant) => database.partitionOf(tenant)));
const publishOf = (tenant: string) => [anEvent({ tenant })];
const feed = (database: PostgresDatabase, tenant: string) =>
  database.events.readPage({ tenant, types: [['*']], after: 0, limit: 10 });

describe('a log of several partitions, on PostgreSQL', () => {
  it('spreads tenants, each in one, in which its events have positions of their own', async () => {
    const { database, close } = await fixtures.open({ partitions: 3 });
    const of = await places(database);
    expect(new Set(of)).toEqual(new Set([0, 1, 2]));
    for (const tenant of TENANTS) await database.events.appendAlone(publishOf(tenant));
    for (const [index, tenant] of TENANTS.entries()) {
      const page = await feed(database, tenant);
      expect(page).toMatchObject({ partition: of[index], events: [{ tenant, partition: of[index] }] });
      expect((await database.events.bounds(tenant)).head).toBe(
        of.filter((partition) => partition === of[index]).length,
      );
    }
    const listed = [];
    for (let after = { partition: 0, position: 0 }, more = true; more;) {
      const page = await database.events.listMetadata({ after, limit: 7 });
      listed.push(...page.events.map(({ tenant }) => tenant));
      [after, more] = [{ partition: page.partition, position: page.through }, page.more];
    }
    expect(listed.sort()).toEqual([...TENANTS].sort());
    await close();
  });

  it('tenants stay where they are when the setting changes; new ones go by the new one', async () => {
    const { database, another, close } = await fixtures.open({ partitions: 1 });
    const before = await places(database);
    const more = await another({ partitions: 3 });
    expect(await places(more)).toEqual(before);
    const fresh = TENANTS.map((tenant) => `new-${tenant}`);
    const spread = await places(more, fresh);
    expect(new Set(spread)).toEqual(new Set([0, 1, 2]));
    // A node that was started before publishes into the new ones as well, and has them sequenced.
    expect(await places(database, fresh)).toEqual(spread);
    for (const tenant of fresh) await database.events.appendAlone(publishOf(tenant));
    const fewer = await another({ partitions: 1 });
    for (const tenant of fresh) expect((await feed(fewer, tenant)).events).toHaveLength(1);
    await close();
  });

  it('one whose sequencing is held up does not hold up the others of the same pass', async () => {
    const { dataSource, database, close } = await fixtures.open({ partitions: 3 });
    const of = await places(database);
    const [held, free] = [TENANTS[of.indexOf(0)] as string, TENANTS[of.indexOf(1)] as string];
    const holder = dataSource.createQueryRunner();
    await holder.query(`SELECT pg_advisory_lock(${0x736571}, 'signpost_log'::regclass::oid::int)`);
    await dataSource.transaction((manager) =>
      database.events.append(manager, [...publishOf(held), ...publishOf(free)]),
    );
    database.start();
    const heads = async () =>
      (await dataSource.query<{ tenant: string }[]>('SELECT tenant FROM signpost_log')).map(({ tenant }) => tenant);
    await until(async () => (await heads()).includes(free), 'the free partition');
    expect(await heads()).not.toContain(held);
    await holder.query('SELECT pg_advisory_unlock_all()');
    await holder.release();
    await until(async () => (await heads()).includes(held), 'the partition that was held up');
    await close();
  });
});

describe('two installations in schemas of one database', () => {
  it('have everything to themselves: tables, locks, notifications', async () => {
    const { url } = await server.createDatabase();
    const heard = { first: 0, second: 0 };
    const open = async (schema: 'first' | 'second') => {
      const dataSource = await new DataSource({
        type: 'postgres',
        url,
        schema,
        entities: SIGNPOST_ENTITIES,
      }).initialize();
      await dataSource.query(`CREATE SCHEMA ${schema}`);
      await runMigrations(dataSource);
      const settings = { ...postgresSettings(), heard: () => void heard[schema]++ };
      return { dataSource, database: await PostgresDatabase.open(dataSource, new IdGenerator(), settings) };
    };
    const [first, second] = [await open('first'), await open('second')];
    const tables = await first.dataSource.query<unknown[]>(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`);
    expect(tables).toEqual([]);
    second.database.start();
    await until(() => heard.second > 1, 'the second one to listen');
    const before = heard.second;
    // The first one's waking and sequencing are held up: the second one does not notice.
    const holder = first.dataSource.createQueryRunner();
    for (const lock of [0x736571, 0x77616b65]) {
      await holder.query(`SELECT pg_advisory_lock(${lock}, 'first.signpost_log'::regclass::oid::int)`);
    }
    const [own] = await second.database.events.appendAlone(publishOf('acme'));
    expect(await second.database.dispatch.wake(100)).toEqual({ looked: 1, more: false });
    await until(() => heard.second > before, 'its own notification');
    await holder.query('SELECT pg_advisory_unlock_all()');
    await holder.release();
    expect((await feed(second.database, 'acme')).events.map(({ id }) => id)).toEqual([own?.id]);
    expect((await feed(first.database, 'acme')).events).toEqual([]);
    for (const { dataSource, database } of [second, first]) {
      await database.stop();
      await database.close();
      await dataSource.destroy();
    }
  });
});
