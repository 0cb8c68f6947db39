import type { EntityManager } from 'typeorm';
import type { CredentialId } from '../../protocol/ids.js';
import { ReceiverEntity } from '../subscriptions/receiver.entity.js';
import { NO_KEY_HASH } from './api-key.js';
import type { Authenticated } from './authenticated.js';
import { CredentialEntity } from './credential.entity.js';
import { assertionKey, type AssertionKey } from './public-jwk.js';

/** What a request is checked against. */
export interface KnownCredential {
  id: CredentialId;
  authenticated: Authenticated;
  /** SHA-256 of the API key. */
  hash: Buffer;
  /** What its assertions are verified with; none if it has an API key. */
  keys: readonly AssertionKey[];
  /** Unix ms. */
  expiresAt: number | null;
}

/** The credential and its receiver as they are now. */
export async function readCredential(manager: EntityManager, id: CredentialId): Promise<KnownCredential | undefined> {
  const credential = await manager.findOneBy(CredentialEntity, { id });
  const receiver = credential && (await manager.findOneBy(ReceiverEntity, { id: credential.receiverId }));
  if (!credential || !receiver) return undefined;
  return {
    id,
    authenticated: {
      kind: 'api-key',
      receiver: { id: receiver.id, tenant: receiver.tenant, eventTypes: receiver.eventTypes },
      credential: { id, scopes: credential.scopes, types: credential.types },
    },
    hash: credential.secretHash === '' ? NO_KEY_HASH : Buffer.from(credential.secretHash, 'hex'),
    keys: credential.jwks?.keys.map(assertionKey) ?? [],
    expiresAt: credential.expiresAt,
  };
}
