import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { FetchedPage, PageStored } from './inbox-store.js';

const MAKE_CURSOR = 'INSERT INTO signpost_inbox_cursor (producer) VALUES (?) ON CONFLICT (producer) DO NOTHING';
const CURSOR = 'SELECT cursor FROM signpost_inbox_cursor WHERE producer = ?';

const ACQUIRE = `INSERT INTO signpost_inbox_cursor (producer, drain_owner, drain_until) VALUES (@producer, @owner, @until)
  ON CONFLICT (producer) DO UPDATE SET drain_owner = excluded.drain_owner, drain_until = excluded.drain_until
  WHERE drain_owner IS NULL OR drain_owner = excluded.drain_owner OR drain_until <= @now`;
const RELEASE = `UPDATE signpost_inbox_cursor SET drain_owner = NULL, drain_until = NULL
  WHERE producer = @producer AND drain_owner = @owner`;

// Another process may share the file, so even here the place is compared in the statement that moves it.
const MOVE_CURSOR = `UPDATE signpost_inbox_cursor SET cursor = @cursor WHERE producer = @producer AND cursor IS @after`;

// Row by row: each sees the one before it, so of a lane without open events exactly the first fresh one of the page is ready.
const ADD = `INSERT INTO signpost_inbox (producer, event_id, type, tenant, subject, occurred_at, recorded_at, cursor, redacted, lane, open,
    ready, due_at, fetched_at, data)
  VALUES (@producer, @id, @type, @tenant, @subject, @occurredAt, @recordedAt, @cursor, @redacted, @lane, 1,
    @lane IS NULL OR NOT EXISTS (SELECT 1 FROM signpost_inbox WHERE producer = @producer AND lane = @lane AND open = 1),
    @now, @now, @data)
  ON CONFLICT (producer, event_id) DO NOTHING`;

/** A power failure ends whoever holds it as well, so it need not outlive one. */
const LEASE = { durable: false };

/** The place in the feed, and what is stored with it. */
export class SqliteInboxPages {
  constructor(
    private readonly turns: SqliteTurns,
    private readonly now: () => number,
  ) {}

  cursor(producer: string): Promise<string | null> {
    return this.turns.step('inbox cursor', () => {
      this.turns.prepare(MAKE_CURSOR).run(producer);
      return (this.turns.prepare(CURSOR).get(producer) as { cursor: string | null }).cursor;
    });
  }

  acquireDrain(producer: string, owner: string, leaseMs: number): Promise<boolean> {
    const acquire = (): boolean => {
      const now = this.now();
      const until = Math.round(now + leaseMs);
      return this.turns.prepare(ACQUIRE).run({ producer, owner, now, until }).changes > 0;
    };
    return this.turns.step('inbox drain', acquire, LEASE);
  }

  async releaseDrain(producer: string, owner: string): Promise<void> {
    await this.turns.step('inbox drain', () => this.turns.prepare(RELEASE).run({ producer, owner }), LEASE);
  }

  store(producer: string, { after, cursor, events }: FetchedPage): Promise<PageStored> {
    return this.turns.step('inbox page', () => {
      const moved = this.turns.prepare(MOVE_CURSOR).run({ producer, cursor, after });
      if (moved.changes === 0) return { outcome: 'moved' };
      const now = this.now();
      const add = this.turns.prepare(ADD);
      let fresh = 0;
      for (const event of events) {
        const redacted = event.redacted && JSON.stringify(event.redacted);
        fresh += add.run({ ...event, redacted, producer, now }).changes;
      }
      return { outcome: 'stored', fresh, repeated: events.length - fresh };
    });
  }
}
