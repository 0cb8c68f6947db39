import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { isAuthFailure } from '../../../src/producer/access/authenticated.js';
import type { CredentialView } from '../../../src/producer/access/credential-view.js';
import type { ReceiverId } from '../../../src/protocol/ids.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

const NOW = START / 1_000;
const ENDPOINT = 'http://127.0.0.1:3000/oauth/token';
const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });

describe('an assertion', () => {
  let db: Subscriptions;
  let receiver: ReceiverId;
  let credential: CredentialView;

  const register = (...keys: [KeyObject, object?][]) =>
    db.credentials.createWithPublicKeys(receiver, {
      name: 'signing',
      jwks: { keys: keys.map(([key, more]) => ({ ...key.export({ format: 'jwk' }), ...more })) },
    });
  const assertion = (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    key: KeyObject = ed25519.privateKey,
  ) => {
    const payload = {
      iss: credential.id,
      sub: credential.id,
      aud: ENDPOINT,
      exp: NOW + 60,
      iat: NOW,
      jti: randomUUID(),
      ...claims,
    };
    return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
      .setProtectedHeader(JSON.parse(JSON.stringify({ alg: 'EdDSA', ...header })) as JWTHeaderParameters)
      .sign(key);
  };
  const outcome = async (text: string) => {
    const result = await db.assertions.authenticate(text);
    return isAuthFailure(result) ? result.reason : result.id;
  };

  beforeEach(async () => {
    db = await openSubscriptions();
    receiver = (await db.receivers.create({ name: 'Acme' })).id;
    credential = await register([ed25519.publicKey]);
  });
  afterEach(() => db.close());

  it('proves who signed it, for the endpoint or for the issuer', async () => {
    expect(await outcome(await assertion())).toBe(credential.id);
    expect(await outcome(await assertion({ aud: 'http://127.0.0.1:3000' }))).toBe(credential.id);
    expect(await outcome(await assertion({ aud: [ENDPOINT] }))).toBe(credential.id);
    expect(await outcome(await assertion({ iat: undefined }))).toBe(credential.id);
    expect(await outcome(await assertion({}, { typ: 'client-authentication+jwt' }))).toBe(credential.id);
    expect(await outcome(await assertion({}, { alg: 'Ed25519' }))).toBe(credential.id);
    credential = await register([ed25519.publicKey, { alg: 'Ed25519' }]);
    expect(await outcome(await assertion())).toBe(credential.id);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another issuer than its subject', { iss: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.example/oauth/token' }],
    ['several audiences', { aud: [ENDPOINT, 'https://other.example'] }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['an end in the past', { exp: NOW - 30 }],
    ['an end far off', { exp: NOW + 631 }],
    ['a beginning in the future', { iat: NOW + 31 }],
    ['a time before which it does not count', { nbf: NOW + 60 }],
    ['no id', { jti: undefined }],
    ['an empty id', { jti: '' }],
    ['an id that is no text', { jti: 7 }],
    ['an endless id', { jti: 'x'.repeat(257) }],
  ])('with %s proves nothing', async (_, claims) => {
    expect(await outcome(await assertion(claims))).toBe('bad-token');
  });

  it('of a type that was made for something else proves nothing', async () => {
    for (const typ of ['at+jwt', 'logout+jwt']) expect(await outcome(await assertion({}, { typ }))).toBe('bad-token');
  });

  it('of a subject that is no credential, or one without keys, proves nothing', async () => {
    expect(await outcome(await assertion({ sub: 'somebody', iss: 'somebody' }))).toBe('malformed');
    expect(await outcome(await assertion({ sub: undefined }))).toBe('malformed');
    const unknown = db.ids.next('key');
    expect(await outcome(await assertion({ sub: unknown, iss: unknown }))).toBe('unknown');
    const { id } = await db.credentials.create(receiver, { name: 'with a key' });
    expect(await outcome(await assertion({ sub: id, iss: id }))).toBe('bad-token');
    for (const text of ['', 'a.b.c', 'x'.repeat(9_000)]) expect(await outcome(text)).toBe('malformed');
  });

  it('is good once', async () => {
    const once = await assertion();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcome(once)));
    expect(outcomes.toSorted()).toEqual([credential.id, 'replayed', 'replayed', 'replayed', 'replayed'].toSorted());
    expect(await outcome(once)).toBe('replayed');
  });

  it('with an id that another client used is good', async () => {
    const other = await register([p256.publicKey]);
    expect(await outcome(await assertion({ jti: 'same' }))).toBe(credential.id);
    const claims = { sub: other.id, iss: other.id, jti: 'same' };
    expect(await outcome(await assertion(claims, { alg: 'ES256' }, p256.privateKey))).toBe(other.id);
  });

  it('that was refused is not used up', async () => {
    expect(await outcome(await assertion({ jti: 'same', aud: 'x' }))).toBe('bad-token');
    expect(await outcome(await assertion({ jti: 'same' }))).toBe(credential.id);
  });

  it('is remembered until it would be refused for its age, and no longer', async () => {
    const once = await assertion();
    await outcome(once);
    const prune = () => db.usedAssertions.prune(db.clock.now, 10);
    db.clock.now = START + 89_999;
    expect(await prune()).toBe(0);
    expect(await outcome(once)).toBe('replayed');
    db.clock.now = START + 90_000;
    expect(await prune()).toBe(1);
    expect(await outcome(once)).toBe('bad-token');
  });

  it('is signed by the registered key with the algorithm of that key', async () => {
    const stranger = generateKeyPairSync('ed25519');
    expect(await outcome(await assertion({}, {}, stranger.privateKey))).toBe('bad-token');
    expect(await outcome(await assertion({}, { alg: 'ES256' }, p256.privateKey))).toBe('bad-token');
    expect(
      await outcome(await assertion({}, { jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey)),
    ).toBe('bad-token');
    credential = await register([rsa.publicKey, { alg: 'PS256' }]);
    expect(await outcome(await assertion({}, { alg: 'RS256' }, rsa.privateKey))).toBe('bad-token');
    expect(await outcome(await assertion({}, { alg: 'PS256' }, rsa.privateKey))).toBe(credential.id);
  });

  it('names its key where there are several', async () => {
    credential = await register([ed25519.publicKey, { kid: 'now' }], [rsa.publicKey, { kid: 'next' }]);
    expect(await outcome(await assertion())).toBe('bad-token');
    expect(await outcome(await assertion({}, { kid: 'next' }))).toBe('bad-token');
    expect(await outcome(await assertion({}, { kid: 'now' }))).toBe(credential.id);
    expect(await outcome(await assertion({}, { kid: 'next', alg: 'RS256' }, rsa.privateKey))).toBe(credential.id);
  });

  it('of a credential that expired or was revoked proves nothing', async () => {
    await db.dataSource.query('UPDATE signpost_credential SET expires_at = ?', [START + 1_000]);
    db.clock.now += 1_000;
    expect(await outcome(await assertion())).toBe('expired');
    await db.credentials.revoke(credential.id);
    expect(await outcome(await assertion())).toBe('unknown');
  });

  it('of a credential without an API key is the only way in', async () => {
    const known = await db.credentials.known(credential.id);
    expect(known?.hash).toHaveLength(32);
    const rows = await db.dataSource.query<{ secret_hash: string }[]>('SELECT secret_hash FROM signpost_credential');
    expect(rows).toEqual([{ secret_hash: '' }]);
    expect(credential.jwks?.keys).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' }]);
  });
});
