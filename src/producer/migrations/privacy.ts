import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect } from '../../database/schema-dialect.js';
import { tableName } from './initial-schema.js';

/** Sensitive fields of event types; erasures, and the index that finds a subject's events for them. */
export class Privacy1764000000030 implements MigrationInterface {
  readonly name = 'Privacy1764000000030';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    const { ordinal, key, bigint } = schemaDialect(queryRunner);
    const statements = [
      `ALTER TABLE ${named('event_type')} ADD COLUMN sensitive_fields TEXT`,
      // Only events with a subject are in it, so publishing the others costs nothing more.
      `CREATE INDEX signpost_event_subject ON ${named('event')} (tenant, subject, ordinal) WHERE subject IS NOT NULL`,
      // Subject and its place are needed until it is done, and then the subject goes as well.
      `CREATE TABLE ${named('erasure')} (
        ordinal ${ordinal},
        id ${key} NOT NULL UNIQUE,
        tenant ${key} NOT NULL,
        subject ${key},
        until_ordinal ${bigint} NOT NULL,
        erased_through ${bigint} NOT NULL DEFAULT 0,
        events ${bigint} NOT NULL DEFAULT 0,
        accepted_at ${bigint} NOT NULL,
        done_at ${bigint}
      )`,
      `CREATE INDEX signpost_erasure_open ON ${named('erasure')} (ordinal) WHERE done_at IS NULL`,
      // Grows with each batch: whoever keeps copies of payloads compares.
      `CREATE TABLE ${named('erasure_epoch')} (
        one INTEGER PRIMARY KEY,
        value ${bigint} NOT NULL
      )`,
    ];
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // An index lies in the schema of its table.
    const named = tableName(queryRunner);
    for (const statement of [
      `DROP TABLE ${named('erasure_epoch')}`,
      `DROP TABLE ${named('erasure')}`,
      `DROP INDEX ${named('event_subject')}`,
      `ALTER TABLE ${named('event_type')} DROP COLUMN sensitive_fields`,
    ]) {
      await queryRunner.query(statement);
    }
  }
}
