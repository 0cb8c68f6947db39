import type { PostgresEngine } from '../../database/postgres-engine.js';
import { jsonRows } from '../../database/json-rows.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { AccessRow, AccessRows } from './access-rows.js';

const TYPES = ['bigint', 'text', 'text', 'text', 'int', 'text', 'bigint', 'bigint', 'int', 'text'];
const COLUMNS = `ordinal, at, receiver_id AS receiver, credential_id AS credential, action, status, event_ids AS ids,
    after_position AS "after", through_position AS through, event_count AS count, address`;

/** The audit log on PostgreSQL. */
export class PostgresAccessRows implements AccessRows {
  private readonly access: string;

  constructor(private readonly engine: PostgresEngine) {
    this.access = engine.table('access');
  }

  async insert(rows: readonly AccessRow[]): Promise<void> {
    if (rows.length === 0) return;
    const list = jsonRows(
      TYPES,
      rows.map((row) => [
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
      ]),
    );
    await this.engine.change(
      `INSERT INTO ${this.access} (at, receiver_id, credential_id, action, status, event_ids, after_position, through_position, event_count,
         address) ${list.sql}`,
      [list.value],
    );
  }

  newestFirst(
    receiver: ReceiverId | undefined,
    before: number,
    limit: number,
  ): Promise<(AccessRow & { ordinal: number })[]> {
    const own = receiver === undefined ? '' : ' AND receiver_id = $3';
    return this.engine.rowsAgain(
      `SELECT ${COLUMNS} FROM ${this.access} WHERE ordinal < $1${own} ORDER BY ordinal DESC LIMIT $2`,
      [before, limit, ...(receiver === undefined ? [] : [receiver])],
    );
  }

  prune(before: number, limit: number): Promise<number> {
    // From the old end only, in the order of writing: no index on the time is needed.
    return this.engine.change(
      `DELETE FROM ${this.access} WHERE ordinal IN (
         SELECT ordinal FROM (SELECT ordinal, at FROM ${this.access} ORDER BY ordinal LIMIT $1) AS oldest WHERE at < $2)`,
      [limit, before],
    );
  }
}
