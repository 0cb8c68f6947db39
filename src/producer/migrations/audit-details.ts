import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tableName } from './initial-schema.js';

/** How many values a change was made to, where it is one of many; and the `types` that a page of the feed was asked for with. */
export class AuditDetails1764000000070 implements MigrationInterface {
  readonly name = 'AuditDetails1764000000070';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('change')} ADD COLUMN value_count INTEGER`);
    await queryRunner.query(`ALTER TABLE ${named('access')} ADD COLUMN types TEXT`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('access')} DROP COLUMN types`);
    await queryRunner.query(`ALTER TABLE ${named('change')} DROP COLUMN value_count`);
  }
}
