import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect, type SchemaDialect } from '../../database/schema-dialect.js';
import { inSchema } from '../../database/schema-name.js';
import { activityTables } from './activity-tables.js';
import { logTables } from './log-tables.js';
import { subscriptionTables } from './subscription-tables.js';

/** A table's name as SQL writes it. */
export type TableName = (table: string) => string;

/** A group of tables: their definitions in order, and their names in the order in which they can be dropped. */
export interface TableGroup {
  names: readonly string[];
  statements(dialect: SchemaDialect, named: TableName): string[];
}

/** The tables of the producer's side, for both databases. Times are Unix milliseconds, positions are bigints, lists are JSON text. */
const GROUPS: readonly TableGroup[] = [logTables, subscriptionTables, activityTables];

export class InitialSchema1764000000000 implements MigrationInterface {
  readonly name = 'InitialSchema1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    for (const { statements } of GROUPS) {
      for (const statement of statements(schemaDialect(queryRunner), named)) await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    for (const { names } of [...GROUPS].reverse()) {
      for (const name of names) await queryRunner.query(`DROP TABLE IF EXISTS ${named(name)}`);
    }
  }
}

export function tableName({ dataSource }: QueryRunner): TableName {
  return (table) => inSchema(dataSource.options, `signpost_${table}`);
}
