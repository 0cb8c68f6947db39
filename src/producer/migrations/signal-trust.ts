import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tableName } from './initial-schema.js';

/** What an endpoint's receiver asks its callers for: sealed, and as it may be shown. */
export class SignalTrust1764000000040 implements MigrationInterface {
  readonly name = 'SignalTrust1764000000040';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} ADD COLUMN auth_sealed TEXT`);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} ADD COLUMN auth_shown TEXT`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} DROP COLUMN auth_shown`);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} DROP COLUMN auth_sealed`);
  }
}
