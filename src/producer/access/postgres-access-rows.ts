import type { PostgresEngine } from '../../database/postgres-engine.js';
import { jsonRows } from '../../database/json-rows.js';
import { accessLook } from './access-look.js';
import type { AccessFilter, AccessRow, AccessRows, AccessStream, StoredAccessRow } from './access-rows.js';
import { lookThrough, postgresSelect, type Look } from './bounded-look.js';

const TYPES = [
  'bigint',
  'text',
  'text',
  'text',
  'int',
  'text',
  'bigint',
  'bigint',
  'int',
  'text',
  'text',
  'text',
  'text',
];
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
        row.kind,
        row.identity,
        row.types,
      ]),
    );
    await this.engine.change(
      `INSERT INTO ${this.access} (at, receiver_id, credential_id, action, status, event_ids, after_position, through_position, event_count,
         address, credential_kind, identity, types) ${list.sql}`,
      [list.value],
    );
  }

  look(stream: AccessStream, filter: AccessFilter, before: number, limit: number): Promise<Look<StoredAccessRow>> {
    const look = accessLook(this.access, this.engine.table('receiver'), stream, filter);
    return lookThrough(postgresSelect(this.engine), look, { before, limit, since: filter.since });
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
