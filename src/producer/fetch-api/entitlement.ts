import type { Authenticated } from '../access/authenticated.js';
import type { Entitlement } from '../log/event-store.js';

/** What a caller may read: of its receiver's tenant, what receiver, credential and (if given) its own choice all admit. */
export function entitlementOf({ receiver, credential }: Authenticated, chosen?: readonly string[]): Entitlement {
  const types = [receiver.eventTypes, credential.types];
  return { tenant: receiver.tenant, types: chosen ? [...types, chosen] : types };
}

/** Whether the caller may see less than its receiver: then others read the rest, and its pages prove nothing about that. */
export function isNarrowed({ credential }: Authenticated, chosen?: readonly string[]): boolean {
  return chosen !== undefined || !credential.types.includes('*');
}
