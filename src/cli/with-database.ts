import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../service/data-source-options.js';
import type { DatabaseSettings } from '../service/environment.js';

/** Opens the service's database for one piece of work. */
export async function withDatabase<T>(
  database: DatabaseSettings,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await new DataSource(dataSourceOptions(database)).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
