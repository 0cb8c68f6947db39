import { generateKeyPairSync } from 'node:crypto';
import type { CredentialScope } from '../../../src/producer/access/scopes.js';
import { basic, bearer, obtainToken, obtainTokenByAssertion, type Headers } from './tokens.js';
import type { World } from './world.js';

export interface Grant {
  scopes: readonly string[];
  /** Default: every type. Means nothing to an issuer's token. */
  types?: readonly string[];
}

/** What a request shows to be let in for that much, by the name of its kind in the documents. */
export const ACCEPTED: Record<string, (world: World, grant: Grant) => Promise<Headers>> = {
  'API key': async (world, grant) => bearer((await keyFor(world, grant)).apiKey),
  'API key by Basic': async (world, grant) => {
    const { id, apiKey } = await keyFor(world, grant);
    return basic(id, apiKey);
  },
  'access token, by client secret': async (world, grant) =>
    bearer(await obtainToken(world.producer, await keyFor(world, grant))),
  'access token, narrowed by scope': async (world, { scopes, ...grant }) => {
    const able = [...scopes, 'events:read', 'endpoints:write', 'pii:read', 'pii:names'];
    const credential = await keyFor(world, { ...grant, scopes: [...new Set(able)] });
    return bearer(await obtainToken(world.producer, credential, scopes.join(' ')));
  },
  'access token, by private_key_jwt': async (world, grant) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwks = { keys: [publicKey.export({ format: 'jwk' })] };
    const { id = '' } = await world.make(`/receivers/${world.receiver}/credentials`, { name: 'signs', ...grant, jwks });
    return bearer(await obtainTokenByAssertion(world.producer, id, privateKey));
  },
  'token of an issuer that the operator trusts': async ({ issuer, receiver }, { scopes }) =>
    bearer(await issuer.token({ receiver, scope: ['openid', ...scopes].join(' ') })),
  'what the application knows by itself (identify)': ({ known, receiver }, { scopes, types }) => {
    const user = `user-${known.size}`;
    known.set(user, { receiver, scopes: scopes as CredentialScope[], ...(types ? { types } : {}) });
    return Promise.resolve({ 'x-user': user });
  },
};

export function keyFor({ make, receiver }: World, grant: Grant): Promise<Record<string, string>> {
  return make(`/receivers/${receiver}/credentials`, { name: 'key', ...grant });
}
