import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { installSqliteTurns } from '../../../src/database/sqlite-connection.js';
import { SIGNPOST_ENTITIES } from '../../../src/producer/entities.js';
import { runMigrations, SIGNPOST_MIGRATIONS } from '../../../src/producer/migrations/run-migrations.js';

describe('migrations', () => {
  let directory: string;
  let dataSource: DataSource;

  const open = async (synchronize = false) => {
    dataSource = new DataSource({
      type: 'better-sqlite3',
      database: join(directory, 'signpost.db'),
      entities: SIGNPOST_ENTITIES,
      synchronize,
    });
    await dataSource.initialize();
    installSqliteTurns(dataSource);
  };
  const schema = (): Promise<{ name: string; sql: string }[]> =>
    dataSource.query(`SELECT name, sql FROM sqlite_master WHERE name LIKE 'signpost%' ORDER BY name`);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signpost-migrations-'));
    await open();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await rm(directory, { recursive: true, force: true });
  });

  it('run once, in order, and are remembered', async () => {
    expect(await runMigrations(dataSource)).toEqual(SIGNPOST_MIGRATIONS.map((Migration) => new Migration().name));
    const before = await schema();
    expect(await runMigrations(dataSource)).toEqual([]);
    expect(await schema()).toEqual(before);
  });

  it('refuse a schema that is newer than this version', async () => {
    await runMigrations(dataSource);
    await dataSource.query(`INSERT INTO signpost_migration (timestamp, name) VALUES (9999999999999, 'FromTheFuture')`);
    await expect(runMigrations(dataSource)).rejects.toMatchObject({ code: 'schema_too_new' });
  });

  it('leave nothing half done when one fails', async () => {
    await dataSource.query('CREATE TABLE signpost_signal (in_the_way integer)');
    await expect(runMigrations(dataSource)).rejects.toBeDefined();
    expect((await schema()).map(({ name }) => name)).toEqual(['signpost_signal']);
  });

  it('are not touched by a host that synchronizes', async () => {
    await runMigrations(dataSource);
    const before = await schema();
    await dataSource.destroy();
    await open(true);
    expect(await schema()).toEqual(before);
  });

  it('can be undone', async () => {
    await runMigrations(dataSource);
    await dataSource.transaction(async ({ queryRunner }) => {
      for (const Migration of [...SIGNPOST_MIGRATIONS].reverse()) {
        if (queryRunner) await new Migration().down(queryRunner);
      }
    });
    expect((await schema()).map(({ name }) => name)).toEqual(['signpost_migration']);
  });

  it('show in TypeORM’s own command line', () => {
    const script = `import 'reflect-metadata'; import { DataSource } from 'typeorm';
      import { SIGNPOST_ENTITIES, SIGNPOST_MIGRATIONS, SIGNPOST_MIGRATIONS_TABLE } from 'nestjs-signpost';
      const db = new DataSource({ type: 'better-sqlite3', database: ':memory:', entities: SIGNPOST_ENTITIES,
        migrations: SIGNPOST_MIGRATIONS, migrationsTableName: SIGNPOST_MIGRATIONS_TABLE });
      await db.initialize(); const ran = await db.runMigrations(); console.log(ran.length, await db.showMigrations());`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(output.trim()).toBe(`${SIGNPOST_MIGRATIONS.length} false`);
  });
});
