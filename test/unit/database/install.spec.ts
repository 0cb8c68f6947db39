import { afterEach, describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { Column, DataSource, Entity, type MigrationInterface, PrimaryColumn, type QueryRunner } from 'typeorm';
import type { Database } from '../../../src/database/connection.js';
import { SqliteTurnsInstallError } from '../../../src/database/errors.js';
import { installSqliteTurns } from '../../../src/database/sqlite-connection.js';
import { closeHosts, committedIds, gate, Note, plainHost, settle, soundHost, temporaryFile } from './host.js';

afterEach(closeHosts);

const handleOf = (dataSource: DataSource): Database =>
  (dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;

const pragmas = (db: Database) =>
  ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'secure_delete'].map((name) =>
    db.pragma(name, { simple: true }),
  );

describe('installing turns', () => {
  it('sets what soundness needs: write-ahead log, FULL, foreign keys, no blocking wait', async () => {
    const { dataSource } = await soundHost();
    expect(pragmas(handleOf(dataSource))).toEqual(['wal', 2, 1, 0, 2]);
  });

  it('gives the same turns for the same DataSource, and each caller a query runner of its own', async () => {
    const { dataSource, turns } = await soundHost();
    expect(installSqliteTurns(dataSource)).toBe(turns);
    expect(dataSource.createQueryRunner()).not.toBe(dataSource.createQueryRunner());
  });

  it('works on an in-memory database', async () => {
    const { dataSource, turns, notes } = await soundHost({ dataSource: { database: ':memory:' } as never });
    await dataSource.transaction((manager) => manager.insert(Note, { id: 'a' }));
    await turns.step('b', (db) => void db.prepare("INSERT INTO note (id) VALUES ('b')").run());
    await expect(notes.count()).resolves.toBe(2);
  });

  it('releases the runner that everybody shared until then', async () => {
    const dataSource = await plainHost();
    const shared = dataSource.createQueryRunner();
    installSqliteTurns(dataSource);
    await expect(shared.query('SELECT 1')).rejects.toThrow('released');
  });

  it('ends with the DataSource, and can be done again when it is initialized again', async () => {
    const { dataSource, turns, file } = await soundHost();
    await dataSource.destroy();
    await dataSource.initialize();
    const again = installSqliteTurns(dataSource);
    expect(again).not.toBe(turns);
    await dataSource.transaction((manager) => manager.insert(Note, { id: 'a' }));
    expect(committedIds(file)).toEqual(['a']);
  });

  it('is a start-up error that says what to change where it cannot be done', async () => {
    const refused = (dataSource: DataSource, fix: string) => {
      expect(() => installSqliteTurns(dataSource)).toThrow(SqliteTurnsInstallError);
      expect(() => installSqliteTurns(dataSource)).toThrow(fix);
    };
    refused(new DataSource({ type: 'better-sqlite3', database: temporaryFile() }), 'initialize()');
    const postgres = Object.assign(await plainHost(), { options: { type: 'postgres' } });
    refused(postgres, 'type: "better-sqlite3"');

    const file = temporaryFile();
    await plainHost({}, file);
    refused(await plainHost({ readonly: true, synchronize: false } as never, file), 'readonly: true');

    const busy = await plainHost();
    await busy.createQueryRunner().startTransaction();
    refused(busy, 'A transaction is open');

    const changed = await plainHost();
    Object.assign(changed.driver, { createDatabaseConnection: undefined });
    refused(changed, 'TypeORM has changed');

    const alien = await plainHost();
    alien.driver.createQueryRunner = () => ({ query: () => undefined }) as never;
    refused(alien, 'TypeORM has changed');
  });

  it('is a start-up error, at once, while another connection holds the file locked', async () => {
    const file = temporaryFile();
    const dataSource = await plainHost({}, file);
    const other = new BetterSqlite3(file);
    other.exec('BEGIN EXCLUSIVE');
    expect(() => installSqliteTurns(dataSource)).toThrow('Another process holds the file locked');
    other.close();
    installSqliteTurns(dataSource);
  });
});

@Entity('child')
class Child {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { nullable: true })
  extra!: string | null;
}

class CreateChild1700000000001 implements MigrationInterface {
  static reached = gate();
  static proceed = gate();

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE child (id text PRIMARY KEY, note text REFERENCES note (id))');
    CreateChild1700000000001.reached.open();
    await CreateChild1700000000001.proceed.opened;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('child');
  }
}

class FailingMigration1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("INSERT INTO note (id) VALUES ('half')");
    throw new Error('migration fails');
  }

  async down(): Promise<void> {}
}

describe('schema changes', () => {
  it.each(['all', 'each', 'none'] as const)(
    'run as migrations, transaction mode "%s", and are reverted',
    async (mode) => {
      CreateChild1700000000001.proceed.open();
      const { dataSource } = await soundHost({ dataSource: { migrations: [CreateChild1700000000001] } });
      await dataSource.runMigrations({ transaction: mode });
      await expect(dataSource.query("INSERT INTO child VALUES ('c', 'nobody')")).rejects.toThrow('FOREIGN KEY');
      await dataSource.undoLastMigration({ transaction: mode });
      await expect(dataSource.query('SELECT * FROM child')).rejects.toThrow('no such table');
      expect(pragmas(handleOf(dataSource))[2]).toBe(1);
    },
  );

  it('let nobody write while foreign keys are off for them', async () => {
    CreateChild1700000000001.reached = gate();
    CreateChild1700000000001.proceed = gate();
    const { dataSource, turns } = await soundHost({ dataSource: { migrations: [CreateChild1700000000001] } });
    const migrating = dataSource.runMigrations();
    await CreateChild1700000000001.reached.opened;
    const keys: unknown[] = [];
    const step = turns.step('keys', (db) => void keys.push(db.pragma('foreign_keys', { simple: true })));
    await settle();
    expect(keys).toEqual([]);
    CreateChild1700000000001.proceed.open();
    await Promise.all([migrating, step]);
    expect(keys).toEqual([1]);
  });

  it('read the schema in a turn, never within the open transaction of another', async () => {
    const { dataSource } = await soundHost();
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query('ALTER TABLE note ADD COLUMN uncommitted text');
    const runner = dataSource.createQueryRunner() as unknown as {
      loadPragmaRecords(table: string, pragma: string): Promise<{ name: string }[]>;
    };
    const columns = runner.loadPragmaRecords('note', 'table_info');
    await settle();
    await other.rollbackTransaction();
    expect((await columns).map(({ name }) => name)).toEqual(['id', 'body']);
  });

  it('that fail are rolled back, and foreign keys are on again', async () => {
    const { dataSource, turns, file } = await soundHost({
      dataSource: { migrations: [FailingMigration1700000000002] },
    });
    await expect(dataSource.runMigrations()).rejects.toThrow('migration fails');
    expect(committedIds(file)).toEqual([]);
    expect(pragmas(handleOf(dataSource))[2]).toBe(1);
    expect(turns.health().holder).toBeNull();
  });

  it('by synchronize and dropDatabase work beside other work', async () => {
    const { dataSource, notes, file } = await soundHost({
      dataSource: { entities: [Note, Child], synchronize: false },
    });
    const writing = Array.from({ length: 20 }, (_, i) => notes.save({ id: `${i}` }).catch(() => undefined));
    await dataSource.synchronize();
    await Promise.all(writing);
    await dataSource.getRepository(Child).save({ id: 'c' });
    await notes.save({ id: 'z' });
    expect(committedIds(file)).toContain('z');
    await dataSource.dropDatabase();
    await expect(notes.count()).rejects.toThrow('no such table');
    expect(pragmas(handleOf(dataSource))[2]).toBe(1);
  });
});
