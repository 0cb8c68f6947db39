import type { EntityManager } from 'typeorm';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import { EndpointFilterEntity } from './endpoint-filter.entity.js';
import { beginCountedCreation } from './endpoint-positions.js';
import { EndpointEntity } from './endpoint.entity.js';
import { NotFoundError, StateConflictError } from './errors.js';

/** @param owner finds only one of its own: another's is not there. @throws NotFoundError */
export async function findEndpoint(
  manager: EntityManager,
  id: EndpointId,
  owner?: ReceiverId,
): Promise<EndpointEntity> {
  const own = owner === undefined ? {} : { receiverId: owner };
  const endpoint = await manager.findOneBy(EndpointEntity, { id, ...own });
  if (!endpoint) throw new NotFoundError('endpoint', id);
  return endpoint;
}

export async function insertFilters(manager: EntityManager, { id, tenant, eventTypes }: EndpointEntity): Promise<void> {
  const patterns = [...new Set(eventTypes)];
  await manager.insert(
    EndpointFilterEntity,
    patterns.map((pattern) => ({ tenant, pattern, endpointId: id })),
  );
}

/** Call first in the transaction that makes another one. @throws StateConflictError where the receiver has as many as it may */
export async function refuseBeyond(limit: number, manager: EntityManager, receiverId: ReceiverId): Promise<void> {
  await beginCountedCreation(manager, receiverId);
  if ((await manager.countBy(EndpointEntity, { receiverId })) < limit) return;
  throw new StateConflictError(`A receiver may have ${limit} endpoints; change or delete one, or ask the operator`);
}
