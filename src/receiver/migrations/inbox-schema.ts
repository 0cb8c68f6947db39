import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaDialect, type SchemaDialect } from '../../database/schema-dialect.js';
import { type InboxTables, inboxTables } from '../inbox/inbox-tables.js';

// An event is written three times in its life (stored, claimed, done), each time with other index entries: room for the later versions
// on the same page, and a vacuum after thousands of dead rows, not after a fifth of all rows that are kept for retention.
const INBOX_SETTINGS = `WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_limit = 1000, autovacuum_analyze_scale_factor = 0.05)`;
// A few rows that are updated with every page: room for HOT updates.
const CURSOR_SETTINGS = 'WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)';

/**
 * The tables of the receiver's side. Times are Unix milliseconds, `data` and `redacted` are JSON text.
 *
 * - `open`: later events of its lane wait for it (waiting, failed, or parked and holding);
 * - `ready`: it can be claimed when it is due;
 * - `due_at`: of a claimed event, the end of its lease, so that a crashed worker's events come back by themselves;
 * - `claimed_by`, `token`: who has it, and the how many-th claim it is.
 */
function statements({ inbox, cursor }: InboxTables, dialect: SchemaDialect): string[] {
  const { ordinal, key, bigint, flag, yes, no } = dialect;
  const settings = (text: string) => (dialect.name === 'postgres' ? text : '');
  return [
    `CREATE TABLE ${inbox} (
      ordinal ${ordinal},
      producer ${key} NOT NULL,
      event_id ${key} NOT NULL,
      type ${key} NOT NULL,
      tenant ${key} NOT NULL,
      subject ${key},
      occurred_at ${bigint} NOT NULL,
      recorded_at ${bigint} NOT NULL,
      cursor ${key} NOT NULL,
      redacted TEXT,
      lane ${key},
      state ${key} NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'failed', 'parked', 'done', 'discarded')),
      open ${flag} NOT NULL,
      ready ${flag} NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      due_at ${bigint} NOT NULL,
      token ${bigint} NOT NULL DEFAULT 0,
      claimed_by ${key},
      last_error TEXT,
      fetched_at ${bigint} NOT NULL,
      finished_at ${bigint},
      data TEXT NOT NULL,
      CONSTRAINT signpost_inbox_open_state CHECK (state = 'parked' OR open = (state IN ('waiting', 'failed'))),
      CONSTRAINT signpost_inbox_ready_state CHECK (ready = ${no} OR state IN ('waiting', 'failed'))
    ) ${settings(INBOX_SETTINGS)}`,
    // What makes a repeated event the same event.
    `CREATE UNIQUE INDEX signpost_inbox_event ON ${inbox} (producer, event_id)`,
    // Claims read this one alone, from its start: what waits behind another event, is parked or done is not in it.
    `CREATE INDEX signpost_inbox_ready ON ${inbox} (producer, due_at, ordinal) WHERE ready = ${yes}`,
    // The first open event of a lane, in one look.
    `CREATE INDEX signpost_inbox_lane ON ${inbox} (producer, lane, ordinal) WHERE open = ${yes} AND lane IS NOT NULL`,
    // A few rows at any time: what workers have in their hands.
    `CREATE INDEX signpost_inbox_held ON ${inbox} (producer, lane) WHERE claimed_by IS NOT NULL`,
    `CREATE INDEX signpost_inbox_subject ON ${inbox} (producer, subject, ordinal) WHERE subject IS NOT NULL`,
    `CREATE INDEX signpost_inbox_state ON ${inbox} (producer, state, ordinal)`,
    `CREATE INDEX signpost_inbox_finished ON ${inbox} (producer, finished_at) WHERE finished_at IS NOT NULL`,

    `CREATE TABLE ${cursor} (
      producer ${key} PRIMARY KEY,
      cursor ${key},
      drain_owner ${key},
      drain_until ${bigint}
    ) ${settings(CURSOR_SETTINGS)}`,
  ];
}

export class InboxSchema1764000000100 implements MigrationInterface {
  readonly name = 'InboxSchema1764000000100';

  async up(queryRunner: QueryRunner): Promise<void> {
    const { dataSource } = queryRunner;
    for (const statement of statements(inboxTables(dataSource), schemaDialect(queryRunner)))
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const { inbox, cursor } = inboxTables(queryRunner.dataSource);
    await queryRunner.query(`DROP TABLE ${cursor}`);
    await queryRunner.query(`DROP TABLE ${inbox}`);
  }
}
