import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { ErasureId } from '../../protocol/ids.js';
import { NotOverwrittenError } from './errors.js';
import type { ErasureState, ErasureStore, NewErasure } from './erasure-store.js';
import { overwriting } from './sqlite-overwrite.js';

/** Events that one turn of the only connection looks at, and bytes of payloads that it overwrites, at most (at least one event). */
const BATCH = 200;
const BATCH_BYTES = 2 * 1024 * 1024;

// The log's end now: who publishes on while the erasure runs does not keep it from ending.
const ACCEPT = `INSERT INTO signpost_erasure (id, tenant, subject, until_ordinal, accepted_at)
  VALUES (?, ?, ?, (SELECT coalesce(max(ordinal), 0) FROM signpost_event), ?)`;
const OPEN = `SELECT tenant, subject, until_ordinal, erased_through FROM signpost_erasure WHERE id = ? AND done_at IS NULL`;
// By the subject's own index, whatever the planner thinks of the others.
const NEXT = `SELECT ordinal, octet_length(data) AS bytes FROM signpost_event INDEXED BY signpost_event_subject
  WHERE tenant = ? AND subject = ? AND subject IS NOT NULL AND ordinal > ? AND ordinal <= ? ORDER BY ordinal LIMIT ${BATCH}`;
// The digest is made of the payload, so whoever guesses the payload could tell. The key stays: without it a repeated publish would bring
// the event back.
const ERASE = `UPDATE signpost_event SET data = NULL, idempotency_digest = NULL, erased_at = ? WHERE ordinal = ? AND data IS NOT NULL`;
const NOTE = 'UPDATE signpost_erasure SET erased_through = ?, events = events + ? WHERE id = ?';
const NEXT_EPOCH =
  'INSERT INTO signpost_erasure_epoch (one, value) VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET value = value + 1';
const FINISH = 'UPDATE signpost_erasure SET done_at = ?, subject = NULL WHERE id = ? AND done_at IS NULL';
const STATE = 'SELECT events, accepted_at AS acceptedAt, done_at AS doneAt FROM signpost_erasure WHERE id = ?';
const UNFINISHED = 'SELECT id FROM signpost_erasure WHERE done_at IS NULL ORDER BY ordinal LIMIT 100';
const EPOCH = 'SELECT value FROM signpost_erasure_epoch WHERE one = 1';

interface OpenRow {
  tenant: string;
  subject: string;
  until_ordinal: number;
  erased_through: number;
}

/** Erasures on SQLite. */
export class SqliteErasureStore implements ErasureStore {
  constructor(private readonly turns: SqliteTurns) {}

  accept({ id, tenant, subject, acceptedAt }: NewErasure): Promise<void> {
    return this.turns.step('erasure', () => {
      this.turns.prepare(ACCEPT).run(id, tenant, subject, acceptedAt);
    });
  }

  eraseSome(id: ErasureId, now: number): Promise<boolean> {
    return this.turns.step('erasure', (db) =>
      overwriting(db, () => {
        const open = this.turns.prepare(OPEN).get(id) as OpenRow | undefined;
        if (!open) return false;
        const { tenant, subject, until_ordinal: until } = open;
        const next = this.turns.prepare(NEXT).all(tenant, subject, open.erased_through, until) as {
          ordinal: number;
          bytes: number | null;
        }[];
        const erase = this.turns.prepare(ERASE);
        let through = until;
        let erased = 0;
        let bytes = 0;
        let more = next.length === BATCH;
        for (const [index, event] of next.entries()) {
          erased += erase.run(now, event.ordinal).changes;
          bytes += event.bytes ?? 0;
          if (bytes >= BATCH_BYTES) more ||= index < next.length - 1;
          if (more) through = event.ordinal;
          if (bytes >= BATCH_BYTES) break;
        }
        this.turns.prepare(NOTE).run(through, erased, id);
        this.turns.prepare(NEXT_EPOCH).run();
        return more;
      }),
    );
  }

  /**
   * The file has no byte of what was erased once every frame of the write-ahead log is in it and the log is cut to nothing: until then the
   * log has the pages as they were. Whoever reads from the file just now keeps it from being cut.
   *
   * @throws NotOverwrittenError
   */
  overwrite(): Promise<void> {
    return this.turns.read('erasure: write-ahead log', (db) => {
      const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      if (result?.busy !== 0) throw new NotOverwrittenError();
    });
  }

  finish(id: ErasureId, now: number): Promise<void> {
    return this.turns.step('erasure', () => {
      this.turns.prepare(FINISH).run(now, id);
    });
  }

  state(id: ErasureId): Promise<ErasureState | undefined> {
    return this.turns.read('erasure', () => this.turns.prepare(STATE).get(id) as ErasureState | undefined);
  }

  unfinished(): Promise<ErasureId[]> {
    return this.turns.read('erasures', () =>
      (this.turns.prepare(UNFINISHED).all() as { id: ErasureId }[]).map(({ id }) => id),
    );
  }

  epoch(): Promise<number> {
    return this.turns.read(
      'erasures',
      () => (this.turns.prepare(EPOCH).get() as { value: number } | undefined)?.value ?? 0,
    );
  }
}
