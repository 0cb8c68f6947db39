import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { accessLook } from './access-look.js';
import type { AccessFilter, AccessRow, AccessRows, AccessStream, StoredAccessRow } from './access-rows.js';
import { lookThrough, sqliteSelect, type Look } from './bounded-look.js';

const INSERT = `INSERT INTO signpost_access (at, receiver_id, credential_id, action, status, event_ids, after_position,
    through_position, event_count, address, credential_kind, identity, types) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

// From the old end only, in the order of writing: no index on the time is needed.
const PRUNE = `DELETE FROM signpost_access WHERE ordinal IN (
    SELECT ordinal FROM (SELECT ordinal, at FROM signpost_access ORDER BY ordinal LIMIT ?) WHERE at < ?)`;

/** The audit log on SQLite. */
export class SqliteAccessRows implements AccessRows {
  constructor(private readonly turns: SqliteTurns) {}

  insert(rows: readonly AccessRow[]): Promise<void> {
    return this.turns.step('access log', () => {
      const insert = this.turns.prepare(INSERT);
      for (const row of rows) {
        insert.run(
          row.at,
          row.receiver,
          row.credential,
          row.action,
          row.status,
          row.ids,
          row.after,
          row.through,
          row.count,
          row.address,
          row.kind,
          row.identity,
          row.types,
        );
      }
    });
  }

  look(stream: AccessStream, filter: AccessFilter, before: number, limit: number): Promise<Look<StoredAccessRow>> {
    const look = accessLook('signpost_access', 'signpost_receiver', stream, filter);
    return lookThrough(sqliteSelect(this.turns), look, { before, limit, since: filter.since });
  }

  prune(before: number, limit: number): Promise<number> {
    return this.turns.step('prune access log', () => this.turns.prepare(PRUNE).run(limit, before).changes);
  }
}
