import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { AccessRow, AccessRows } from './access-rows.js';

const INSERT = `INSERT INTO signpost_access (at, receiver_id, credential_id, action, status, event_ids, after_position,
    through_position, event_count, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const COLUMNS = `ordinal, at, receiver_id AS receiver, credential_id AS credential, action, status, event_ids AS ids,
    after_position AS "after", through_position AS through, event_count AS count, address`;
const NEWEST = `SELECT ${COLUMNS} FROM signpost_access WHERE ordinal < ? ORDER BY ordinal DESC LIMIT ?`;
const NEWEST_OF = `SELECT ${COLUMNS} FROM signpost_access WHERE receiver_id = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?`;

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
        );
      }
    });
  }

  newestFirst(
    receiver: ReceiverId | undefined,
    before: number,
    limit: number,
  ): Promise<(AccessRow & { ordinal: number })[]> {
    return this.turns.read('access log', () => {
      const rows =
        receiver === undefined
          ? this.turns.prepare(NEWEST).all(before, limit)
          : this.turns.prepare(NEWEST_OF).all(receiver, before, limit);
      return rows as (AccessRow & { ordinal: number })[];
    });
  }

  prune(before: number, limit: number): Promise<number> {
    return this.turns.step('prune access log', () => this.turns.prepare(PRUNE).run(limit, before).changes);
  }
}
