import type { CredentialId, ReceiverId } from '../../protocol/ids.js';
import { isoTime, isoTimeOrNull } from '../subscriptions/listing.js';
import type { CredentialEntity } from './credential.entity.js';
import type { PublicJwk } from './public-jwk.js';
import type { CredentialScope } from './scopes.js';

/** Public keys (RFC 7517, section 5). */
export interface PublicJwks<Key = PublicJwk> {
  keys: Key[];
}

/** Times are ISO 8601. */
export interface CredentialView {
  id: CredentialId;
  receiver: ReceiverId;
  name: string;
  scopes: CredentialScope[];
  types: string[];
  /** Of a credential that signs assertions instead of having an API key. */
  jwks: PublicJwks | null;
  expiresAt: string | null;
  /** Exact to about a minute. */
  lastUsedAt: string | null;
  createdAt: string;
}

/** The API key, on creation only, and only if there is one. */
export type CredentialViewWithKey = CredentialView & { apiKey: string };

export function credentialView(credential: CredentialEntity): CredentialView {
  const { id, receiverId, name, scopes, types, jwks, expiresAt, lastUsedAt, createdAt } = credential;
  return {
    id,
    receiver: receiverId,
    name,
    scopes,
    types,
    jwks,
    expiresAt: isoTimeOrNull(expiresAt),
    lastUsedAt: isoTimeOrNull(lastUsedAt),
    createdAt: isoTime(createdAt),
  };
}
