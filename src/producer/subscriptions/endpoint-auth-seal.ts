import type { EndpointId } from '../../protocol/ids.js';
import { checkAuth, type EndpointAuth, maskAuth } from '../signal/endpoint-auth.js';
import type { EndpointEntity } from './endpoint.entity.js';
import { hasOriginOf } from './endpoint-url-seal.js';
import { InvalidAuthError } from './errors.js';
import { sealContext, type Sealer } from './sealing.js';

/** What an endpoint stores of its auth, which was checked; null: none. */
export function sealedAuth(
  sealer: Sealer,
  endpoint: EndpointId,
  auth: EndpointAuth | null,
): Pick<EndpointEntity, 'authSealed' | 'authShown'> {
  if (auth === null) return { authSealed: null, authShown: null };
  return {
    authSealed: sealer.seal(JSON.stringify(auth), sealContext(endpoint, 'auth')),
    authShown: maskAuth(auth),
  };
}

/** @throws InvalidAuthError */
export function requireAuth(auth: EndpointAuth | null | undefined): void {
  const fault = auth ? checkAuth(auth) : undefined;
  if (fault) throw new InvalidAuthError(`/auth${fault.pointer}`, fault.message);
}

/**
 * Whoever may write an endpoint must not get its auth by sending signals elsewhere: with a URL of another origin it is said again.
 *
 * @throws InvalidAuthError
 */
export function requireAuthAnew(sealer: Sealer, endpoint: EndpointEntity, url: string): void {
  if (endpoint.authSealed === null || hasOriginOf(sealer, endpoint, url)) return;
  throw new InvalidAuthError('/auth', 'must be given again with a URL of another origin, or null to send none');
}

/** @throws UnsealError */
export function openAuth(sealer: Sealer, endpoint: EndpointId, sealed: string): EndpointAuth {
  // What opens is what was sealed above: its text needs no checking, and no parser's error could quote it.
  return JSON.parse(sealer.open(sealed, sealContext(endpoint, 'auth'))) as EndpointAuth;
}
