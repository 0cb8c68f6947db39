import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { AbstractLogger, Column, DataSource, type DataSourceOptions, Entity, PrimaryColumn } from 'typeorm';
import { installSqliteTurns } from '../../../src/database/sqlite-connection.js';
import type { SqliteTurnsOptions } from '../../../src/database/options.js';

@Entity('note')
export class Note {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { default: '' })
  body!: string;
}

export interface HostOptions extends SqliteTurnsOptions {
  dataSource?: Partial<DataSourceOptions>;
}

/** TypeORM prints failed migrations whatever `logging` says. */
class SilentLogger extends AbstractLogger {
  protected writeLog(): void {}
}

const cleanups: (() => Promise<void> | void)[] = [];

/** Call in `afterEach`: closes every host and deletes its files. */
export async function closeHosts(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sqlite-turns-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'host.sqlite');
}

/** A host application's DataSource as TypeORM makes it, with one table. */
export async function plainHost(options: Partial<DataSourceOptions> = {}, file = temporaryFile()): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: file,
    entities: [Note],
    synchronize: true,
    logger: new SilentLogger(),
    ...options,
  } as DataSourceOptions);
  await dataSource.initialize();
  cleanups.push(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
  });
  return dataSource;
}

/** The same with turns installed. */
export async function soundHost({ dataSource: plain, ...options }: HostOptions = {}) {
  const file = temporaryFile();
  const dataSource = await plainHost(plain, file);
  const turns = installSqliteTurns(dataSource, options);
  return { dataSource, turns, file, notes: dataSource.getRepository(Note) };
}

/** The ids in the table, read from the file by a connection of its own: what is really committed. */
export function committedIds(file: string): string[] {
  const db = new BetterSqlite3(file, { readonly: true });
  try {
    return db.prepare('SELECT id FROM note ORDER BY id').pluck().all() as string[];
  } finally {
    db.close();
  }
}

/** A promise that the test resolves: for putting two transactions into a chosen order. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Lets everything that is ready run, without waiting for time to pass. */
export const settle = async (rounds = 5): Promise<void> => {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
};
