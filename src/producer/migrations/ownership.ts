import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect } from '../../database/schema-dialect.js';
import { tableName } from './initial-schema.js';

/**
 * A URL may have to be proved. `url_version` is the endpoint's version that brought the URL: a position row repeats it, so that what a signal
 * was claimed for and what it is sent to can be compared without a lock. `verify_by` says until when the owner may answer the challenge.
 */
export class Ownership1764000000050 implements MigrationInterface {
  readonly name = 'Ownership1764000000050';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    const { bigint } = schemaDialect(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} ADD COLUMN url_version INTEGER NOT NULL DEFAULT 0`);
    await queryRunner.query(
      `ALTER TABLE ${named('endpoint_position')} ADD COLUMN url_version INTEGER NOT NULL DEFAULT 0`,
    );
    await queryRunner.query(`ALTER TABLE ${named('endpoint_position')} ADD COLUMN verify_by ${bigint}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('endpoint_position')} DROP COLUMN verify_by`);
    await queryRunner.query(`ALTER TABLE ${named('endpoint_position')} DROP COLUMN url_version`);
    await queryRunner.query(`ALTER TABLE ${named('endpoint')} DROP COLUMN url_version`);
  }
}
