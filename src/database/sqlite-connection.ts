import type { DataSource } from 'typeorm';
import { SqliteTurnsInstallError } from './errors.js';
import type { SqliteTurnsOptions } from './options.js';
import type { SqliteTurns } from './sqlite-turns.js';

export function installSqliteTurns(_dataSource: DataSource, _options?: SqliteTurnsOptions): SqliteTurns {
  throw new SqliteTurnsInstallError('being written');
}
