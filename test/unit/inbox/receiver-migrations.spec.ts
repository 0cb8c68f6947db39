import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../../src/database/sqlite-connection.js';
import {
  RECEIVER_MIGRATIONS,
  RECEIVER_MIGRATIONS_TABLE,
  runReceiverMigrations,
} from '../../../src/receiver/migrations/run-receiver-migrations.js';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

const openSqlite = async (): Promise<DataSource> => {
  const dataSource = await new DataSource({ type: 'better-sqlite3', database: ':memory:' }).initialize();
  installSqliteTurns(dataSource);
  return dataSource;
};
const openPostgres = async (): Promise<DataSource> =>
  new DataSource({ type: 'postgres', url: (await server.createDatabase()).url }).initialize();

describe.each([
  ['SQLite', openSqlite],
  ['PostgreSQL', openPostgres],
])('migrations of the receiver on %s', (_, open) => {
  it('run once, and harmlessly again', async () => {
    const dataSource = await open();
    expect(await runReceiverMigrations(dataSource)).toHaveLength(RECEIVER_MIGRATIONS.length);
    expect(await runReceiverMigrations(dataSource)).toEqual([]);
    expect(await dataSource.query('SELECT count(*) AS n FROM signpost_inbox')).toHaveLength(1);
    await dataSource.destroy();
  });

  it('refuse a schema that is newer than they know', async () => {
    const dataSource = await open();
    await runReceiverMigrations(dataSource);
    await dataSource.query(`INSERT INTO ${RECEIVER_MIGRATIONS_TABLE} (timestamp, name) VALUES (9, 'FromTheFuture9')`);
    await expect(runReceiverMigrations(dataSource)).rejects.toThrow(/FromTheFuture9.*newer version/);
    await dataSource.destroy();
  });

  it('can be taken back and run again', async () => {
    const dataSource = await open();
    await runReceiverMigrations(dataSource);
    await dataSource.transaction(async ({ queryRunner }) => {
      for (const Migration of RECEIVER_MIGRATIONS.toReversed())
        if (queryRunner) await new Migration().down(queryRunner);
    });
    await dataSource.query(`DELETE FROM ${RECEIVER_MIGRATIONS_TABLE}`);
    expect(await runReceiverMigrations(dataSource)).toHaveLength(RECEIVER_MIGRATIONS.length);
    await dataSource.destroy();
  });
});

describe('several nodes that start at once on PostgreSQL', () => {
  it('migrate once', async () => {
    const { url } = await server.createDatabase();
    const nodes = await Promise.all(
      Array.from({ length: 4 }, () => new DataSource({ type: 'postgres', url }).initialize()),
    );
    const ran = await Promise.all(nodes.map((node) => runReceiverMigrations(node)));
    expect(ran.flat()).toHaveLength(RECEIVER_MIGRATIONS.length);
    await Promise.all(nodes.map((node) => node.destroy()));
  });
});
