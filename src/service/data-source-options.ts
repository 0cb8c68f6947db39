import type { DataSourceOptions } from 'typeorm';
import type { DatabaseSettings } from './environment.js';

/** Connections for what is done seldom; the engine has a pool of its own. */
const POOL_SIZE = 4;
const CONNECT_WITHIN_MS = 5_000;

/** How TypeORM reaches the service's database. */
export function dataSourceOptions(database: DatabaseSettings): DataSourceOptions {
  if (database.type === 'sqlite') return { type: 'better-sqlite3', database: database.path };
  return { type: 'postgres', url: database.url, poolSize: POOL_SIZE, connectTimeoutMS: CONNECT_WITHIN_MS };
}
