import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect } from '../../database/schema-dialect.js';
import { tableName } from './initial-schema.js';

/**
 * Administrative changes, and what finds the reads of one event: single reads by its id, and the pages and batches, of which there are
 * few for many events, one after the other without the single reads between them.
 */
export class Audit1764000000060 implements MigrationInterface {
  readonly name = 'Audit1764000000060';

  async up(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    const { ordinal, key, bigint } = schemaDialect(queryRunner);
    await queryRunner.query(`CREATE TABLE ${named('change')} (
        ordinal ${ordinal},
        at ${bigint} NOT NULL,
        actor_kind TEXT NOT NULL,
        actor_id ${key},
        actor_name TEXT,
        action TEXT NOT NULL,
        target ${key},
        receiver_id ${key},
        fields TEXT,
        status INTEGER,
        address TEXT
      )`);
    await queryRunner.query(`CREATE INDEX signpost_change_receiver ON ${named('change')} (receiver_id, ordinal)`);
    await queryRunner.query(`CREATE INDEX signpost_change_target ON ${named('change')} (target, ordinal)`);
    await queryRunner.query(`CREATE INDEX signpost_change_actor ON ${named('change')} (actor_id, ordinal)`);
    await queryRunner.query(
      `CREATE INDEX signpost_access_event ON ${named('access')} (event_ids, ordinal) WHERE action = 'event'`,
    );
    await queryRunner.query(
      `CREATE INDEX signpost_access_several ON ${named('access')} (ordinal) WHERE action IN ('feed', 'batch')`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const named = tableName(queryRunner);
    const isPostgres = schemaDialect(queryRunner).name === 'postgres';
    for (const index of ['signpost_access_several', 'signpost_access_event']) {
      // On PostgreSQL an index is in the schema of its table.
      const place = named('access').replace(/signpost_access/, index);
      await queryRunner.query(`DROP INDEX IF EXISTS ${isPostgres ? place : index}`);
    }
    await queryRunner.query(`DROP TABLE IF EXISTS ${named('change')}`);
  }
}
