import type { EntityManager } from 'typeorm';
import type { EndpointId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';

/** From where a new endpoint is signalled: what comes from now on, or all that is retained. */
export type EndpointStart = 'now' | 'oldest';

/** Where a new endpoint begins: after `first`; `newest` is the end of the log at that moment. */
export interface StartingPlace {
  first: Position;
  newest: Position;
}

/*
 * What changes of an endpoint do to its position row. Dispatching owns these rows; each statement here is right whatever a
 * signal in flight is about to record, because it leaves the lease and the open signal alone.
 */

/** Read in the transaction that inserts the position: an event between the two would be neither before nor after. */
export async function startingPlace(manager: EntityManager, start: EndpointStart): Promise<StartingPlace> {
  const { newest, pruned } = await readLog(manager);
  return { first: start === 'now' ? newest : pruned, newest };
}

export async function insertPosition(
  manager: EntityManager,
  endpoint: EndpointId,
  { first, newest }: StartingPlace,
  now: number,
): Promise<void> {
  await manager.query(
    `INSERT INTO signpost_endpoint_position (endpoint_id, active, signalled_through, head, due_at) VALUES (?, 1, ?, ?, ?)`,
    [endpoint, first, newest, newest > first ? now : null],
  );
}

/** Out of the index of what is due; the place in the log stays. */
export async function parkPosition(manager: EntityManager, endpoint: EndpointId): Promise<void> {
  await manager.query(`UPDATE signpost_endpoint_position SET active = 0, due_at = NULL WHERE endpoint_id = ?`, [
    endpoint,
  ]);
}

/** Back in, with a clean slate. A signal may still be in flight from before the pause: then it is due when that one's lease ends. */
export async function resumePosition(
  manager: EntityManager,
  endpoint: EndpointId,
  notice: 'endpoint.enabled' | null,
  now: number,
): Promise<void> {
  const { newest } = await readLog(manager);
  await manager.query(
    `UPDATE signpost_endpoint_position SET active = 1, attempt = 0, failing_since = NULL, not_before = 0,
       head = max(head, ?), due_at = coalesce(lease_until, ?), notice = ?
     WHERE endpoint_id = ?`,
    [newest, now, notice, endpoint],
  );
}

/**
 * Makes the endpoint look at everything it was not signalled yet, since its filter changed. Not while it is leased (a second
 * signal would be in flight) or backing off (failure is a property of the endpoint, whatever its filter).
 */
export async function reconsiderPosition(manager: EntityManager, endpoint: EndpointId, now: number): Promise<void> {
  const { newest } = await readLog(manager);
  await manager.query(
    `UPDATE signpost_endpoint_position SET head = max(head, ?),
       due_at = CASE WHEN lease_owner IS NOT NULL OR attempt > 0 THEN due_at ELSE max(?, not_before) END
     WHERE endpoint_id = ? AND active = 1`,
    [newest, now, endpoint],
  );
}

/** A corrected URL is tried at once: the wait that was left belonged to the old one. */
export async function retryPosition(manager: EntityManager, endpoint: EndpointId, now: number): Promise<void> {
  await manager.query(
    `UPDATE signpost_endpoint_position SET not_before = 0, due_at = ?
     WHERE endpoint_id = ? AND active = 1 AND attempt > 0 AND lease_owner IS NULL`,
    [now, endpoint],
  );
}

/** From now on an acknowledged signal is enough: nothing is left to remind of. */
export async function forgetConfirmation(manager: EntityManager, endpoint: EndpointId, now: number): Promise<void> {
  await manager.query(
    `UPDATE signpost_endpoint_position SET confirm_through = NULL, confirm_due_at = NULL, reminder = 0,
       due_at = CASE WHEN due_at IS NULL OR lease_owner IS NOT NULL OR attempt > 0 THEN due_at ELSE max(?, not_before) END
     WHERE endpoint_id = ?`,
    [now, endpoint],
  );
}

/** The newest position given out, and the one up to which the log was pruned. Retention may have taken the newest event. */
async function readLog(manager: EntityManager): Promise<{ newest: Position; pruned: Position }> {
  const [log] = await manager.query<{ newest: Position; pruned: Position }[]>(
    `SELECT max(coalesce((SELECT max(ordinal) FROM signpost_event), 0), matched_through, pruned_through) AS newest,
       pruned_through AS pruned
     FROM signpost_log_head WHERE partition = 0`,
  );
  if (!log) throw new Error('signpost_log_head has no row for partition 0: run the migrations');
  return log;
}
