import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect } from '../../database/schema-dialect.js';
import { tableName } from './initial-schema.js';

/**
 * The installation's signing keys; credentials that sign assertions with a key of their own, and which assertions were used already. The audit
 * log says what kind of credential was shown, and for those that are not ours, whose.
 */
export class Credentials1764000000020 implements MigrationInterface {
  readonly name = 'Credentials1764000000020';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    const { key, bigint, withoutRowid } = schemaDialect(queryRunner);
    await queryRunner.query(
      `CREATE TABLE ${named('signing_key')} (
        kid ${key} PRIMARY KEY,
        key_use TEXT NOT NULL,
        public_jwk TEXT NOT NULL,
        sealed TEXT NOT NULL,
        created_at ${bigint} NOT NULL,
        activates_at ${bigint} NOT NULL,
        retires_at ${bigint}
      )`,
    );
    await queryRunner.query(`ALTER TABLE ${named('credential')} ADD COLUMN jwks TEXT`);
    // Found by its key and removed by its end. Without a reference to the credential: its rows are of no use soon enough.
    await queryRunner.query(
      `CREATE TABLE ${named('used_assertion')} (
        credential_id ${key} NOT NULL,
        jti_hash ${key} NOT NULL,
        expires_at ${bigint} NOT NULL,
        PRIMARY KEY (credential_id, jti_hash)
      ) ${withoutRowid}`,
    );
    await queryRunner.query(`CREATE INDEX signpost_used_assertion_expires ON ${named('used_assertion')} (expires_at)`);
    await queryRunner.query(`ALTER TABLE ${named('access')} ADD COLUMN credential_kind TEXT`);
    await queryRunner.query(`ALTER TABLE ${named('access')} ADD COLUMN identity TEXT`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    await queryRunner.query(`ALTER TABLE ${named('access')} DROP COLUMN identity`);
    await queryRunner.query(`ALTER TABLE ${named('access')} DROP COLUMN credential_kind`);
    await queryRunner.query(`DROP TABLE ${named('used_assertion')}`);
    await queryRunner.query(`ALTER TABLE ${named('credential')} DROP COLUMN jwks`);
    await queryRunner.query(`DROP TABLE ${named('signing_key')}`);
  }
}
