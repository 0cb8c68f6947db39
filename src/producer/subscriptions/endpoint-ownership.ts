import type { EntityManager } from 'typeorm';
import type { EndpointId } from '../../protocol/ids.js';
import { positions, resumePosition } from './endpoint-positions.js';
import type { EndpointEntity } from './endpoint.entity.js';

/*
 * What asks for the proof that a URL is its owner's, and what waives it. Dispatching sends the challenges: a position row whose notice is
 * `endpoint.verification` gets nothing else. As in endpoint-positions.ts, each statement leaves the lease and the open signal alone and counts
 * as a revision; call them within a change of the endpoint.
 */

/** True: the owner of the URL must prove it. False: whoever says so vouches for it. `if-new`: it must, if the URL is another one than before. */
export type OwnershipDemand = boolean | 'if-new';

/** What a change of an endpoint, whose URL `isNew` or not, means for the proof. */
export async function applyOwnership(
  manager: EntityManager,
  endpoint: EndpointEntity,
  { isNew, verify, verifyBy }: { isNew: boolean; verify: OwnershipDemand | undefined; verifyBy: number },
  now: number,
): Promise<void> {
  if (isNew) await retarget(manager, endpoint);
  const isWanted = verify === 'if-new' ? isNew || undefined : (verify ?? (isNew ? false : undefined));
  if (isWanted === true) await requireProof(manager, endpoint, verifyBy, now);
  else if (isWanted === false) await waiveProof(manager, endpoint, now);
}

/** The position row must know under which version its URL came: what was claimed for another one is not sent, and proves nothing. */
async function retarget(manager: EntityManager, { id, urlVersion }: EndpointEntity): Promise<void> {
  await manager.sql`UPDATE ${positions(manager)} SET url_version = ${urlVersion}, revision = revision + 1
    WHERE endpoint_id = ${id}`;
}

/**
 * From now on the endpoint's URL must be proved. It is asked for at once, former failures forgotten; if the endpoint is paused, when it comes
 * back.
 */
async function requireProof(
  manager: EntityManager,
  endpoint: EndpointEntity,
  verifyBy: number,
  now: number,
): Promise<void> {
  if (endpoint.state !== 'paused') {
    await askForProof(manager, endpoint, verifyBy, now);
    return;
  }
  await manager.sql`UPDATE ${positions(manager)} SET verify_by = ${verifyBy}, revision = revision + 1
    WHERE endpoint_id = ${endpoint.id}`;
}

/** The endpoint waits for its proof, which it may give until `verifyBy`. A signal may still be in flight, to this URL or to a former one: then it is asked when that one's lease ends. */
export async function askForProof(
  manager: EntityManager,
  endpoint: EndpointEntity,
  verifyBy: number,
  now: number,
): Promise<void> {
  Object.assign(endpoint, { state: 'pending', reason: null });
  await manager.sql`UPDATE ${positions(manager)} SET active = 0, notice = ${'endpoint.verification'}, verify_by = ${verifyBy},
      attempt = 0, failing_since = NULL, not_before = 0, due_at = coalesce(lease_until, ${now}), revision = revision + 1
    WHERE endpoint_id = ${endpoint.id}`;
}

/** Somebody who may vouches for the URL: what waited for the proof goes on without it. */
async function waiveProof(manager: EntityManager, endpoint: EndpointEntity, now: number): Promise<void> {
  await manager.sql`UPDATE ${positions(manager)} SET verify_by = NULL, revision = revision + 1
    WHERE endpoint_id = ${endpoint.id}`;
  if (endpoint.state !== 'pending' && endpoint.reason !== 'unverified') return;
  Object.assign(endpoint, { state: 'active', reason: null });
  await resumePosition(manager, endpoint.id, null, now);
}

/** Whether the endpoint's URL waits for its proof. */
export async function needsProof(manager: EntityManager, endpoint: EndpointId): Promise<boolean> {
  const rows = await manager.sql<unknown[]>`
    SELECT 1 FROM ${positions(manager)} WHERE endpoint_id = ${endpoint} AND verify_by IS NOT NULL`;
  return rows.length > 0;
}
