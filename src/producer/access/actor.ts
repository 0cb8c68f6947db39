import type { ReceiverId } from '../../protocol/ids.js';
import type { Authenticated, AuthenticatedAdmin } from './authenticated.js';
import type { Actor } from './change-log.js';

/** What the guards leave on a request. */
export interface Admitted {
  signpostAccess?: Authenticated;
  signpostAdmin?: AuthenticatedAdmin;
}

/** Who is behind a request that a guard let in; of a receiver, which one. */
export function actorOf(request: object): { actor: Actor; receiver?: ReceiverId } {
  const { signpostAdmin, signpostAccess } = request as Admitted;
  if (signpostAdmin) return { actor: adminActor(signpostAdmin) };
  if (!signpostAccess) return { actor: { kind: 'nobody', id: null, name: null } };
  const { credential, receiver } = signpostAccess;
  const actor: Actor =
    credential.id === null
      ? { kind: 'application', id: receiver.id, name: null }
      : { kind: 'credential', id: credential.id, name: null };
  return { actor, receiver: receiver.id };
}

export function adminActor({ key }: AuthenticatedAdmin): Actor {
  return key.id === null
    ? { kind: 'configured-key', id: null, name: null }
    : { kind: 'admin-key', id: key.id, name: key.name };
}
