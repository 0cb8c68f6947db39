import type { CredentialId, ReceiverId } from '../../protocol/ids.js';
import type { AuthFailureReason } from './authorization-header.js';
import type { AdminScope, CredentialScope } from './scopes.js';

/**
 * What a receiver showed: an API key (as Bearer or as Basic), an access token of ours, one of the operator's own issuer, or
 * something that the application knows.
 */
export const ACCESS_KINDS = ['api-key', 'token', 'issuer', 'application'] as const;
export type AccessKind = (typeof ACCESS_KINDS)[number];

/** Who is asking, and what it may read: of its tenant, the types that the receiver's list and the credential's both admit. */
export interface Authenticated {
  kind: AccessKind;
  receiver: { id: ReceiverId; tenant: string; eventTypes: readonly string[] };
  /** `id` is null where no credential of ours is behind it: the operator's issuer or the application vouches for the receiver. */
  credential: { id: CredentialId | null; scopes: readonly CredentialScope[]; types: readonly string[] };
  /** Who it is to the issuer or to the application that vouches for the receiver; for the audit. */
  identity?: string | undefined;
}

/** An operator or a producer. `id` is null for the key from the configuration. */
export interface AuthenticatedAdmin {
  key: { id: CredentialId | null; name: string; scopes: readonly AdminScope[] };
}

/** Nobody in particular. Who it claimed to be is for the log only. */
export interface AuthFailure {
  reason: AuthFailureReason;
  credential: CredentialId | null;
  receiver: ReceiverId | null;
}

export function authFailure(
  reason: AuthFailureReason,
  credential: CredentialId | null = null,
  receiver: ReceiverId | null = null,
): AuthFailure {
  return { reason, credential, receiver };
}

export function isAuthFailure(result: object): result is AuthFailure {
  return 'reason' in result;
}
