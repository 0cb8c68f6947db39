import { DataSource, type DataSourceOptions } from 'typeorm';
import { SIGNPOST_ENTITIES } from './src/producer/entities.js';
import { SIGNPOST_MIGRATIONS, SIGNPOST_MIGRATIONS_TABLE } from './src/producer/migrations/run-migrations.js';

const url = process.env.DATABASE_URL ?? 'sqlite:./data/signpost.db';

const database: DataSourceOptions = /^postgres(ql)?:/.test(url)
  ? { type: 'postgres', url }
  : { type: 'better-sqlite3', database: url.replace(/^sqlite:(\/\/(?=\/))?/, '') };

/**
 * For TypeORM's own command line (`npx typeorm migration:show -d …`). The service and the modules run their migrations
 * themselves, at start.
 */
export default new DataSource({
  ...database,
  entities: SIGNPOST_ENTITIES,
  migrations: SIGNPOST_MIGRATIONS,
  migrationsTableName: SIGNPOST_MIGRATIONS_TABLE,
});
