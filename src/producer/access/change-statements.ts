import type { ChangeEnd, ChangeFilter, ChangeRow } from './change-rows.js';
import { timeFilters, type Condition, type LookQuery } from './bounded-look.js';

const COLUMNS = `ordinal, at, actor_kind AS "actorKind", actor_id AS "actorId", actor_name AS "actorName", action, target,
    receiver_id AS receiver, fields, value_count AS count, status, address`;

/** Names of tables, as SQL writes them. */
export interface ChangeTables {
  change: string;
  endpoint: string;
  credential: string;
}

export interface Statement {
  text: string;
  values: (string | number | null)[];
}

/** Whose the target is, is read now: after a deletion nothing says so. */
export function insertChange({ change, endpoint, credential }: ChangeTables, row: ChangeRow): Statement {
  const { at, actorKind, actorId, actorName, action, target, receiver, fields, status, address } = row;
  return {
    text: `INSERT INTO ${change} (at, actor_kind, actor_id, actor_name, action, target, receiver_id, fields, status, address)
      VALUES (?, ?, ?, ?, ?, ?, coalesce(?, (SELECT receiver_id FROM ${endpoint} WHERE id = ?), (SELECT receiver_id FROM ${credential} WHERE id = ?)), ?, ?, ?)
      RETURNING ordinal`,
    values: [at, actorKind, actorId, actorName, action, target, receiver, target, target, fields, status, address],
  };
}

export function endChange({ change }: ChangeTables, ordinal: number, end: ChangeEnd): Statement {
  const { status, target, receiver, fields, count } = end;
  return {
    text: `UPDATE ${change} SET status = ?, target = coalesce(?, target), receiver_id = coalesce(?, receiver_id),
      fields = coalesce(?, fields), value_count = ? WHERE ordinal = ?`,
    values: [status, target, receiver, fields, count, ordinal],
  };
}

/** From the old end only, in the order of writing. */
export function pruneChanges({ change }: ChangeTables, before: number, limit: number): Statement {
  return {
    text: `DELETE FROM ${change} WHERE ordinal IN (
      SELECT ordinal FROM (SELECT ordinal, at FROM ${change} ORDER BY ordinal LIMIT ?) AS oldest WHERE at < ?)`,
    values: [limit, before],
  };
}

/** By the narrowest of what is asked for that has an index; the rest is passed over. */
export function changeLook({ change }: ChangeTables, filter: ChangeFilter): LookQuery {
  const { target, receiver, actor, action } = filter;
  const indexed = [equal('target', target), equal('receiver_id', receiver), equal('actor_id', actor)].flat();
  return {
    table: change,
    columns: COLUMNS,
    stream: indexed.slice(0, 1),
    filters: [...indexed.slice(1), ...equal('action', action), ...timeFilters(filter)],
  };
}

function equal(column: string, value: string | undefined): Condition[] {
  return value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }];
}
