import type { EntityManager } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { EndpointEntity } from './endpoint.entity.js';

/** From where a new endpoint is signalled: what comes from now on, or all that is retained. */
export type EndpointStart = 'now' | 'oldest';

/** Where a new endpoint begins. */
export interface StartingPlace {
  /** After this one. */
  first: Position;
  /** As far as the endpoint is to look; beyond `first`, it looks at once. */
  head: Position;
}

/** A transaction that changes an endpoint is ended by the server when its node stays silent for so long, in ms: others wait for its row. */
const LONGEST_IDLE_MS = 10_000;

/*
 * What changes of an endpoint do to its position row. Dispatching owns these rows; each statement here is right whatever a
 * signal in flight is about to record, because it leaves the lease and the open signal alone, and counts as a revision.
 */

/**
 * Call first in a transaction that changes an endpoint: changes of one endpoint come one after the other, so none takes another's back. Rows
 * are locked in the order in which recording an outcome locks them: the position, then the endpoint.
 */
export async function beginEndpointChange(manager: EntityManager, endpoint: EndpointId): Promise<void> {
  // On SQLite the transaction has the connection for itself.
  if (!onPostgres(manager)) return;
  // Each statement sees what was committed before it, also by those whom the one before had to wait for.
  await manager.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await manager.query(`SET LOCAL idle_in_transaction_session_timeout = ${LONGEST_IDLE_MS}`);
  await manager.sql`SELECT 1 FROM ${positions(manager)} WHERE endpoint_id = ${endpoint} FOR UPDATE`;
  await manager.sql`SELECT 1 FROM ${table(manager, 'endpoint')} WHERE id = ${endpoint} FOR UPDATE`;
}

/**
 * Call first in a transaction that makes an endpoint for a receiver whose endpoints are counted: two that count at the same time would both
 * find room for the last one.
 */
export async function beginCountedCreation(manager: EntityManager, receiver: ReceiverId): Promise<void> {
  if (!onPostgres(manager)) return;
  await manager.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await manager.query(`SET LOCAL idle_in_transaction_session_timeout = ${LONGEST_IDLE_MS}`);
  await manager.sql`SELECT 1 FROM ${table(manager, 'receiver')} WHERE id = ${receiver} FOR UPDATE`;
}

/** Read in the transaction that inserts the position: an event between the two would be neither before nor after. */
export async function startingPlace(
  manager: EntityManager,
  start: EndpointStart,
  partition: number,
): Promise<StartingPlace> {
  const { newest, pruned, head } = await readLog(manager, partition);
  return { first: start === 'now' ? newest : pruned, head };
}

/** `verifyBy`: its URL must be proved by then, before it gets anything else. */
export async function insertPosition(
  manager: EntityManager,
  { id, urlVersion }: Pick<EndpointEntity, 'id' | 'urlVersion'>,
  { first, head }: StartingPlace,
  verifyBy: number | null,
  now: number,
): Promise<void> {
  const [active, notice] = verifyBy === null ? [1, null] : [0, 'endpoint.verification'];
  await manager.sql`INSERT INTO ${positions(manager)}
      (endpoint_id, active, signalled_through, head, due_at, url_version, notice, verify_by)
    VALUES (${id}, ${active}, ${first}, ${head}, ${head > first || notice ? now : null}, ${urlVersion}, ${notice}, ${verifyBy})`;
}

/** Out of the index of what is due; the place in the log stays. What it was still to be told goes without saying. */
export async function parkPosition(manager: EntityManager, endpoint: EndpointId): Promise<void> {
  await manager.sql`UPDATE ${positions(manager)} SET active = 0, due_at = NULL, notice = NULL, revision = revision + 1
    WHERE endpoint_id = ${endpoint}`;
}

/** Back in, with a clean slate. A signal may still be in flight from before the pause: then it is due when that one's lease ends. */
export async function resumePosition(
  manager: EntityManager,
  endpoint: EndpointId,
  notice: 'endpoint.enabled' | null,
  now: number,
): Promise<void> {
  const { head } = await readLog(manager, await partitionOf(manager, endpoint));
  await manager.sql`UPDATE ${positions(manager)} SET active = 1, attempt = 0, failing_since = NULL, not_before = 0,
      head = CASE WHEN head < ${head} THEN ${head} ELSE head END, due_at = coalesce(lease_until, ${now}), notice = ${notice},
      revision = revision + 1
    WHERE endpoint_id = ${endpoint}`;
}

/**
 * Makes the endpoint look at everything it was not signalled yet, since its filter changed. Not while it is leased (a second
 * signal would be in flight) or backing off (failure is a property of the endpoint, whatever its filter).
 */
export async function reconsiderPosition(manager: EntityManager, endpoint: EndpointId, now: number): Promise<void> {
  const { head } = await readLog(manager, await partitionOf(manager, endpoint));
  await manager.sql`UPDATE ${positions(manager)} SET head = CASE WHEN head < ${head} THEN ${head} ELSE head END,
      due_at = CASE WHEN lease_owner IS NOT NULL OR attempt > 0 THEN due_at WHEN not_before > ${now} THEN not_before ELSE ${now} END,
      revision = revision + 1
    WHERE endpoint_id = ${endpoint} AND active = 1`;
}

/** A corrected URL is tried at once: the wait that was left belonged to the old one. */
export async function retryPosition(manager: EntityManager, endpoint: EndpointId, now: number): Promise<void> {
  await manager.sql`UPDATE ${positions(manager)} SET not_before = 0, due_at = ${now}, revision = revision + 1
    WHERE endpoint_id = ${endpoint} AND active = 1 AND attempt > 0 AND lease_owner IS NULL`;
}

/** From now on an acknowledged signal is enough: nothing is left to remind of. */
export async function forgetConfirmation(manager: EntityManager, endpoint: EndpointId, now: number): Promise<void> {
  await manager.sql`UPDATE ${positions(manager)} SET confirm_through = NULL, confirm_due_at = NULL, reminder = 0,
      due_at = CASE WHEN due_at IS NULL OR lease_owner IS NOT NULL OR attempt > 0 THEN due_at
        WHEN not_before > ${now} THEN not_before ELSE ${now} END,
      revision = revision + 1
    WHERE endpoint_id = ${endpoint}`;
}

interface LogEnds {
  /** The newest position given out. Retention may have taken the newest event. */
  newest: Position;
  /** The one up to which the log was pruned. */
  pruned: Position;
  /**
   * How far a row is to look. On PostgreSQL one further than the log goes: events that get their positions before this transaction commits
   * are woken for by somebody who does not see the row yet, so it looks for itself.
   */
  head: Position;
}

async function readLog(manager: EntityManager, partition: number): Promise<LogEnds> {
  const [log] = onPostgres(manager)
    ? await manager.sql<Omit<LogEnds, 'head'>[]>`
        SELECT greatest(h.pruned_through, (SELECT max(position) FROM ${table(manager, 'log')} WHERE partition = h.partition)) AS newest,
          h.pruned_through AS pruned
        FROM ${table(manager, 'log_head')} h WHERE h.partition = ${partition}`
    : await manager.sql<Omit<LogEnds, 'head'>[]>`
        SELECT max(coalesce((SELECT max(ordinal) FROM signpost_event), 0), matched_through, pruned_through) AS newest,
          pruned_through AS pruned
        FROM signpost_log_head WHERE partition = ${partition}`;
  if (!log) throw new Error(`signpost_log_head has no row for partition ${partition}: run the migrations`);
  const newest = Number(log.newest);
  return { newest, pruned: Number(log.pruned), head: onPostgres(manager) ? newest + 1 : newest };
}

async function partitionOf(manager: EntityManager, endpoint: EndpointId): Promise<number> {
  const [row] = await manager.sql<{ partition: number }[]>`
    SELECT partition FROM ${table(manager, 'endpoint')} WHERE id = ${endpoint}`;
  return row?.partition ?? 0;
}

/** The table of the position rows, for a statement's template. */
export const positions = (manager: EntityManager) => table(manager, 'endpoint_position');

/** In a statement's template, a function stands for SQL text. */
const table = (manager: EntityManager, name: string) => () => inSchema(manager.dataSource.options, `signpost_${name}`);

function onPostgres({ dataSource }: EntityManager): boolean {
  return dataSource.options.type === 'postgres';
}
