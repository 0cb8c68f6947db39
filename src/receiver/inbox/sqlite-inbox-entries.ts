import type { EntityManager } from 'typeorm';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { InboxEntry, InboxState } from './inbox-entry.js';
import { countsOf, ENTRY_COLUMNS, entryOf, type InboxRow, listLimit } from './inbox-row.js';
import type { InboxFilter, Lane } from './inbox-store.js';

// The plus keeps SQLite from sorting all of an index's entries: from its end, the table itself has the order.
const NEWEST = `SELECT ${ENTRY_COLUMNS} FROM signpost_inbox WHERE +producer = ? ORDER BY ordinal DESC LIMIT 1`;
const ONE = `SELECT ${ENTRY_COLUMNS} FROM signpost_inbox WHERE producer = ? AND event_id = ?`;
const COUNTS = `SELECT state, count(*) AS count FROM signpost_inbox INDEXED BY signpost_inbox_state
  WHERE producer = ? GROUP BY state`;
const LATER = 'SELECT 1 FROM signpost_inbox WHERE producer = ? AND subject = ? AND ordinal > ? LIMIT 1';

// A claim whose lease has ended does not stand in a person's way; its token is raised, so that its worker writes nothing any more.
const HELD_BY_NOBODY = '(claimed_by IS NULL OR due_at <= @now)';
const RETRY = `UPDATE signpost_inbox
  SET state = 'waiting', open = 1, ready = ready OR lane IS NULL, attempts = 0, due_at = @now, claimed_by = NULL, token = token + 1
  WHERE producer = @producer AND event_id = @id AND state IN ('parked', 'failed') AND ${HELD_BY_NOBODY}
  RETURNING lane`;
const DISCARD = `UPDATE signpost_inbox
  SET state = 'discarded', open = 0, ready = 0, finished_at = @now, claimed_by = NULL, token = token + 1
  WHERE producer = @producer AND event_id = @id AND state IN ('waiting', 'failed', 'parked') AND ${HELD_BY_NOBODY}
  RETURNING lane`;

// The newest of a subject stays for as long as an earlier one is still to be handled, which would be the latest otherwise.
const IS_NO_WITNESS = `(o.subject IS NULL
  OR EXISTS (SELECT 1 FROM signpost_inbox l INDEXED BY signpost_inbox_subject
    WHERE l.producer = o.producer AND l.subject = o.subject AND l.ordinal > o.ordinal)
  OR NOT EXISTS (SELECT 1 FROM signpost_inbox e INDEXED BY signpost_inbox_subject
    WHERE e.producer = o.producer AND e.subject = o.subject AND e.ordinal < o.ordinal AND e.finished_at IS NULL))`;
const PRUNE = `DELETE FROM signpost_inbox WHERE ordinal IN (SELECT o.ordinal FROM signpost_inbox o INDEXED BY signpost_inbox_finished
  WHERE o.producer = @producer AND o.finished_at IS NOT NULL AND o.finished_at < @before AND ${IS_NO_WITNESS}
  ORDER BY o.finished_at LIMIT @limit)`;

/** What people and retention do with entries. */
export class SqliteInboxEntries {
  constructor(
    private readonly turns: SqliteTurns,
    private readonly now: () => number,
  ) {}

  /** Through the manager, so that a handler's transaction sees what it sees. */
  async isLatest(
    manager: EntityManager,
    { producer, ordinal, subject }: Pick<InboxEntry, 'producer' | 'ordinal' | 'subject'>,
  ): Promise<boolean> {
    if (subject === null) return true;
    return (await manager.query<unknown[]>(LATER, [producer, subject, ordinal])).length === 0;
  }

  list(producer: string, { state, type, subject, after = 0, limit }: InboxFilter): Promise<InboxEntry[]> {
    const by = { state, type, subject };
    const conditions = Object.entries(by).filter(([, value]) => value !== undefined);
    // Without a state or subject there is no index in this order but the table itself; the plus keeps SQLite from sorting all of another.
    const producerIs = state === undefined && subject === undefined ? '+producer = @producer' : 'producer = @producer';
    const where = [producerIs, 'ordinal > @after', ...conditions.map(([name]) => `${name} = @${name}`)].join(' AND ');
    const sql = `SELECT ${ENTRY_COLUMNS} FROM signpost_inbox WHERE ${where} ORDER BY ordinal LIMIT @limit`;
    return this.turns.read('inbox list', () => {
      const bound = { ...Object.fromEntries(conditions), producer, after, limit: listLimit(limit) };
      return (this.turns.prepare(sql).all(bound) as InboxRow[]).map(entryOf);
    });
  }

  get(producer: string, id: string): Promise<InboxEntry | null> {
    return this.turns.read('inbox entry', () => {
      const row = this.turns.prepare(ONE).get(producer, id) as InboxRow | undefined;
      return row ? entryOf(row) : null;
    });
  }

  newest(producer: string): Promise<InboxEntry | null> {
    return this.turns.read('inbox entry', () => {
      const row = this.turns.prepare(NEWEST).get(producer) as InboxRow | undefined;
      return row ? entryOf(row) : null;
    });
  }

  counts(producer: string): Promise<Record<InboxState, number>> {
    return this.turns.read('inbox counts', () =>
      countsOf(this.turns.prepare(COUNTS).all(producer) as { state: InboxState; count: number }[]),
    );
  }

  retry(producer: string, id: string): Promise<{ lane: Lane } | undefined> {
    return this.turns.step('inbox retry', () => {
      const bound = { producer, id, now: this.now() };
      return this.turns.prepare(RETRY).get(bound) as { lane: Lane } | undefined;
    });
  }

  discard(producer: string, id: string): Promise<{ lane: Lane } | undefined> {
    return this.turns.step('inbox discard', () => {
      const bound = { producer, id, now: this.now() };
      return this.turns.prepare(DISCARD).get(bound) as { lane: Lane } | undefined;
    });
  }

  prune(producer: string, olderThanMs: number, limit: number): Promise<number> {
    return this.turns.step('inbox prune', () => {
      const before = Math.round(this.now() - olderThanMs);
      return this.turns.prepare(PRUNE).run({ producer, before, limit: Math.max(0, limit) }).changes;
    });
  }
}
