import type { EntityManager } from 'typeorm';
import type { EndpointId } from '../../protocol/ids.js';
import { generateSecret, prepareSecret } from '../../protocol/secrets.js';
import { EndpointSecretEntity } from './endpoint-secret.entity.js';
import { InvalidSecretError, StateConflictError } from './errors.js';
import { sealContext, type Sealer } from './sealing.js';

/** Every live secret adds a signature to every signal, and a receiver tries them one by one. */
export const LARGEST_LIVE_SECRETS = 3;
export const DEFAULT_OVERLAP_MS = 86_400_000;
export const LARGEST_OVERLAP_MS = 7 * 86_400_000;

export interface Rotation {
  /** How long the former secrets are still signed with, in ms. Default 24 h; 0 to 7 days. */
  overlapMs?: number | undefined;
  /** The receiver's own new secret (`whsec_…`). Default: a generated one. */
  secret?: string | undefined;
}

/** The given secret, or a new one. @throws InvalidSecretError */
export function newSecret(given?: string): string {
  if (given === undefined) return generateSecret();
  try {
    if (prepareSecret(given).scheme === 'v1') return given;
  } catch (cause) {
    throw new InvalidSecretError({ cause });
  }
  throw new InvalidSecretError();
}

export async function insertSecret(
  manager: EntityManager,
  sealer: Sealer,
  endpointId: EndpointId,
  secret: string,
  now: number,
): Promise<void> {
  await manager.insert(EndpointSecretEntity, {
    endpointId,
    sealed: sealer.seal(secret, sealContext(endpointId, 'secret')),
    createdAt: now,
    expiresAt: null,
  });
}

/**
 * Adds `secret` and lets the others run out. One that is already running out keeps its earlier end.
 *
 * @throws StateConflictError when too many are live already: dropping one of them would break a receiver that still verifies with it.
 */
export async function rotateSecrets(
  manager: EntityManager,
  sealer: Sealer,
  endpointId: EndpointId,
  secret: string,
  overlapMs: number,
  now: number,
): Promise<void> {
  const secrets = await manager.findBy(EndpointSecretEntity, { endpointId });
  const ends = now + overlapMs;
  let live = 1;
  for (const { id, expiresAt } of secrets) {
    const expires = Math.min(expiresAt ?? ends, ends);
    if (expires <= now) {
      await manager.delete(EndpointSecretEntity, { id });
      continue;
    }
    live += 1;
    if (expires !== expiresAt) await manager.update(EndpointSecretEntity, { id }, { expiresAt: expires });
  }
  if (live > LARGEST_LIVE_SECRETS) {
    throw new StateConflictError(
      `${LARGEST_LIVE_SECRETS} secrets of this endpoint are live already; wait until one has run out, ` +
        'or rotate without overlap, which ends all former ones at once',
    );
  }
  await insertSecret(manager, sealer, endpointId, secret, now);
}
