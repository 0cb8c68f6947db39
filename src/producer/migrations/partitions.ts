import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect } from '../../database/schema-dialect.js';
import { tableName } from './initial-schema.js';

/**
 * An endpoint knows the partition of its tenant's log, and a position row how often people changed it: on PostgreSQL, whoever settles a
 * signal compares, instead of holding a lock while it thinks.
 */
export class Partitions1764000000010 implements MigrationInterface {
  readonly name = 'Partitions1764000000010';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    const { bigint } = schemaDialect(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} ADD COLUMN partition INTEGER NOT NULL DEFAULT 0`);
    await queryRunner.query(
      `ALTER TABLE ${named('endpoint_position')} ADD COLUMN revision ${bigint} NOT NULL DEFAULT 0`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('endpoint_position')} DROP COLUMN revision`);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} DROP COLUMN partition`);
  }
}
