import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { PositionRow } from './position-row.js';

const SAVE = `UPDATE signpost_endpoint_position SET
    active = ?, signalled_through = ?, head = ?, due_at = ?, not_before = ?, attempt = ?, failing_since = ?,
    confirm_through = ?, confirm_due_at = ?, reminder = ?, lease_owner = ?, lease_token = ?, lease_until = ?, notice = ?, verify_by = ?,
    open_signal = ?, open_kind = ?, open_after = ?, open_through = ?, open_count = ?, open_traceparent = ?, open_body = ?
  WHERE endpoint_id = ?`;

/** Writes a row that the same step has read. */
export function savePosition(turns: SqliteTurns, row: PositionRow): void {
  turns
    .prepare(SAVE)
    .run(
      row.active,
      row.signalled_through,
      row.head,
      row.due_at,
      row.not_before,
      row.attempt,
      row.failing_since,
      row.confirm_through,
      row.confirm_due_at,
      row.reminder,
      row.lease_owner,
      row.lease_token,
      row.lease_until,
      row.notice,
      row.verify_by,
      row.open_signal,
      row.open_kind,
      row.open_after,
      row.open_through,
      row.open_count,
      row.open_traceparent,
      row.open_body,
      row.endpoint_id,
    );
}
