import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { startPostgres } from './postgres.js';

export type Database = 'sqlite' | 'postgres';
export const DATABASES: Database[] = ['sqlite', 'postgres'];

/** A database with nothing in it, for one test. */
export interface FreshDatabase {
  options: TypeOrmModuleOptions;
  drop(): Promise<void>;
}

export async function freshDatabase(database: Database): Promise<FreshDatabase> {
  if (database === 'postgres') {
    const server = await startPostgres();
    const { url } = await server.createDatabase();
    return { options: { type: 'postgres', url }, drop: () => server.stop() };
  }
  const directory = await mkdtemp(join(tmpdir(), 'signpost-database-'));
  return {
    options: { type: 'better-sqlite3', database: join(directory, 'signpost.db') },
    drop: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Every row of every table of Signpost, by the table's name. */
export async function storedRows(dataSource: DataSource): Promise<Map<string, Record<string, unknown>[]>> {
  const tables = await dataSource.query<{ name: string }[]>(
    dataSource.options.type === 'postgres'
      ? `SELECT tablename AS name FROM pg_tables WHERE tablename LIKE 'signpost%' ORDER BY 1`
      : `SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'signpost%' ORDER BY 1`,
  );
  const stored = new Map<string, Record<string, unknown>[]>();
  // Whatever order the tables, and the rows of one, are read in.
  for (const { name } of tables) {
    const rows = await dataSource.query<Record<string, unknown>[]>(`SELECT * FROM ${name}`);
    stored.set(
      name,
      rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    );
  }
  return stored;
}
