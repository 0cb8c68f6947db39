import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { generateApiKey } from '../../../src/producer/access/api-key.js';
import { IdGenerator, type CredentialId } from '../../../src/protocol/ids.js';
import { startIssuer } from '../issuer.js';
import { TEST_ADMIN_KEY } from '../producer-app.js';
import { keyFor } from './accepted.js';
import { assertion, basic, bearer, ISSUER, obtainToken, type Headers } from './tokens.js';
import type { World } from './world.js';

const SCOPES = ['events:read', 'endpoints:write', 'pii:read'];

/** What a request shows in vain, by its name in the documents. */
export async function refused(world: World): Promise<Record<string, Headers>> {
  const { producer, make, receiver, issuer } = world;
  const good = await keyFor(world, { scopes: SCOPES });
  const { id = '', apiKey = '' } = good;
  const token = await obtainToken(producer, good);
  const [head = '', claims = '', signature = ''] = token.split('.');
  const endpoint = await make(`/receivers/${receiver}/endpoints`, { url: 'http://127.0.0.1:9/', eventTypes: ['*'] });
  const admin = await make('/keys', { name: 'admin', scopes: ['admin'] });
  const revoked = await keyFor(world, { scopes: SCOPES });
  const tokenOfRevoked = await obtainToken(producer, revoked);
  const deletion = await producer.admin('DELETE', `/receivers/${receiver}/credentials/${String(revoked.id)}`);
  if (deletion.status !== 204) throw new Error('The credential was not revoked');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [publicKey.export({ format: 'jwk' })] };
  const signs = await make(`/receivers/${receiver}/credentials`, { name: 'signs', scopes: SCOPES, jwks });
  const own = generateKeyPairSync('ed25519').privateKey;
  const untrusted = await startIssuer();
  await untrusted.close();
  const never = generateApiKey('sp', id as CredentialId).text;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  return {
    nothing: {},
    'something that is no credential': bearer('nonsense'),
    'an API key with a typing error': bearer(changed(apiKey)),
    'an API key that was never given out': bearer(never),
    'an API key with the id of another credential (Basic)': basic(signs.id, apiKey),
    'an API key that has expired': bearer(world.past.apiKey),
    'an API key that was revoked': bearer(revoked.apiKey),
    'the signing secret of its own endpoint': bearer(endpoint.secret),
    'the signing secret by Basic': basic(id, endpoint.secret),
    'an admin key': bearer(admin.apiKey),
    'the admin key of the configuration': bearer(TEST_ADMIN_KEY),
    'an access token that has expired': bearer(world.past.token),
    'an access token of a revoked credential': bearer(tokenOfRevoked),
    // Not the last character: some of its bits belong to no byte.
    'an access token with a changed signature': bearer([head, claims, changed(signature, 10)].join('.')),
    'an access token with alg: none': bearer(`${part({ alg: 'none', typ: 'at+jwt' })}.${claims}.`),
    'an access token signed with another key': bearer(
      await new SignJWT({ client_id: id, scope: SCOPES.join(' ') })
        .setProtectedHeader(JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setSubject(id)
        .setJti('j')
        .setIssuedAt()
        .setExpirationTime('5 min')
        .sign(own),
    ),
    'an assertion for POST /oauth/token': bearer(await assertion(signs.id ?? '', privateKey)),
    'a token of an issuer that nobody trusts': bearer(await untrusted.token({ receiver })),
    "a trusted issuer's token for another audience": bearer(await issuer.token({ receiver, aud: ISSUER })),
    "a trusted issuer's token for a receiver that is none": bearer(
      await issuer.token({ receiver: new IdGenerator().next('rcv') }),
    ),
    'somebody whom the application does not know': { 'x-user': 'nobody' },
  };
}

function changed(text: string, at = text.length - 1): string {
  return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
}
