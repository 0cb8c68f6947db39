import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, exportJWK, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { AccessTokens } from '../../../src/producer/access/access-tokens.js';
import { isAuthFailure } from '../../../src/producer/access/authenticated.js';
import type { CredentialViewWithKey } from '../../../src/producer/access/credential-view.js';
import type { CredentialScope } from '../../../src/producer/access/scopes.js';
import type { ReceiverId } from '../../../src/protocol/ids.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

const ISSUER = 'http://127.0.0.1:3000';
const NOW = START / 1_000;
const MINUTE = 60_000;

describe('an access token', () => {
  let db: Subscriptions;
  let receiver: ReceiverId;
  let credential: CredentialViewWithKey;

  const scopes: CredentialScope[] = ['events:read', 'endpoints:write', 'pii:read'];
  const known = async () => {
    const found = await db.credentials.known(credential.id);
    if (!found) throw new Error('There is no such credential');
    return found;
  };
  const issue = async (requested = scopes) => (await db.accessTokens.issue(await known(), requested)).token;
  const authenticate = async (token: string, tokens = db.accessTokens) => tokens.authenticate(token);
  const reason = async (token: string, tokens = db.accessTokens) => {
    const result = await authenticate(token, tokens);
    return isAuthFailure(result) ? result.reason : 'authenticated';
  };
  const signingKey = async (use: 'token' | 'signal' = 'token') => {
    const [key] = (await db.signingKeys.ringFor(use)).signing(use, db.clock.now);
    if (!key) throw new Error('There is no key');
    return key;
  };
  /** A token that is right, but for what the test changes; undefined leaves a member out. */
  const forge = async (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    key?: KeyObject | Uint8Array,
  ) => {
    const { kid, privateKey } = await signingKey();
    const payload: JWTPayload = {
      iss: ISSUER,
      aud: ISSUER,
      sub: credential.id,
      client_id: credential.id,
      scope: 'events:read',
      iat: NOW,
      exp: NOW + 600,
      jti: 'one',
      ...claims,
    };
    return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
      .setProtectedHeader(
        JSON.parse(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header })) as JWTHeaderParameters,
      )
      .sign(key ?? privateKey);
  };

  beforeEach(async () => {
    db = await openSubscriptions();
    receiver = (await db.receivers.create({ tenant: 'acme', name: 'Acme', eventTypes: ['invoice.*'] })).id;
    credential = await db.credentials.create(receiver, { name: 'production', scopes, types: ['invoice.paid'] });
  });
  afterEach(() => db.close());

  it('says what RFC 9068 asks for, and lives ten minutes', async () => {
    const { token, expiresIn } = await db.accessTokens.issue(await known(), ['events:read', 'pii:read']);
    expect(expiresIn).toBe(600);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: (await signingKey()).kid });
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER,
      aud: ISSUER,
      sub: credential.id,
      client_id: credential.id,
      iat: NOW,
      exp: NOW + 600,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      scope: 'events:read pii:read',
    });
  });

  it('opens the fetch API for its receiver, as far as it was asked for', async () => {
    expect(await authenticate(await issue(['events:read']))).toEqual({
      kind: 'token',
      receiver: { id: receiver, tenant: 'acme', eventTypes: ['invoice.*'] },
      credential: { id: credential.id, scopes: ['events:read'], types: ['invoice.paid'] },
    });
  });

  it('is answered for without a promise once it was seen', async () => {
    const token = await issue();
    await authenticate(token);
    const result = db.accessTokens.authenticate(token);
    expect(result).not.toBeInstanceOf(Promise);
    expect(db.accessTokens.authenticate(token)).toBe(result);
  });

  it('that is right in everything but its maker is taken, so that the refusals below mean something', async () => {
    expect(await reason(await forge())).toBe('authenticated');
    expect(await reason(await forge({}, { typ: 'application/at+jwt' }))).toBe('authenticated');
  });

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.example' }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    [
      'a subject that is no credential',
      { sub: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch', client_id: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' },
    ],
    ['another client than its subject', { client_id: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' }],
    ['no client', { client_id: undefined }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: 'tomorrow' }],
    ['no beginning', { iat: undefined }],
    ['a beginning in the future', { iat: NOW + 60 }],
    ['a beginning long ago', { iat: NOW - 700 }],
    ['a time before which it does not count', { nbf: NOW + 60 }],
    ['no id', { jti: undefined }],
  ])('with %s opens nothing', async (_, claims) => {
    expect(await reason(await forge(claims))).toBe('bad-token');
  });

  it.each<[string, Record<string, unknown>]>([
    ['of an id token', { typ: 'JWT' }],
    ['of nothing', { typ: undefined }],
    ['of a logout token', { typ: 'logout+jwt' }],
  ])('with the type %s opens nothing', async (_, header) => {
    expect(await reason(await forge({}, header))).toBe('bad-token');
  });

  it('opens nothing from the second it expires', async () => {
    const token = await issue();
    db.clock.now = START + 10 * MINUTE - 1;
    expect(await reason(token)).toBe('authenticated');
    db.clock.now = START + 10 * MINUTE;
    expect(await reason(token)).not.toBe('authenticated');
    // The same where it was not seen before.
    const { signingKeys, credentials, lastUsed } = db;
    const fresh = new AccessTokens(signingKeys, credentials, lastUsed, { now: () => db.clock.now });
    expect(await reason(token, fresh)).toBe('expired');
  });

  it('is signed with one of our keys, made for tokens, with its one algorithm', async () => {
    const { kid, publicKey, publicJwk } = await signingKey();
    const signal = await signingKey('signal');
    const stranger = generateKeyPairSync('ed25519');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const strangerJwk = await exportJWK(stranger.publicKey);
    const parts = (token: string) => token.split('.') as [string, string, string];
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [, payload, signature] = parts(await forge());
    const header = { typ: 'at+jwt', kid };
    const hmac = (secret: string | Buffer) => {
      const text = `${encode({ ...header, alg: 'HS256' })}.${payload}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const forged = {
      stranger: await forge({}, {}, stranger.privateKey),
      'a stranger that brings its key': await forge({}, { jwk: strangerJwk }, stranger.privateKey),
      'a stranger that says where its key is': await forge({}, { jku: 'http://127.0.0.1:9/jwks' }, stranger.privateKey),
      'a stranger with a certificate': await forge({}, { x5u: 'http://127.0.0.1:9/x5u' }, stranger.privateKey),
      'a foreign kid': await forge({}, { kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' }),
      'no kid': await forge({}, { kid: undefined }),
      'the key of signals': await forge({}, { kid: signal.kid }, signal.privateKey),
      'another algorithm': await forge({}, { alg: 'RS256' }, rsa.privateKey),
      'HMAC with the public key as PEM': hmac(publicKey.export({ format: 'pem', type: 'spki' })),
      'HMAC with the public key as DER': hmac(publicKey.export({ format: 'der', type: 'spki' })),
      'HMAC with the public key as x': hmac(Buffer.from(publicJwk.x, 'base64url')),
      none: `${encode({ ...header, alg: 'none' })}.${payload}.`,
      None: `${encode({ ...header, alg: 'None' })}.${payload}.${signature}`,
      'no signature': `${encode({ ...header, alg: 'EdDSA' })}.${payload}.`,
      'another payload': `${encode({ ...header, alg: 'EdDSA' })}.${encode({ ...decodeJwt(await issue()), scope: 'a:b' })}.${signature}`,
      'an unknown critical extension': `${encode({ ...header, alg: 'EdDSA', crit: ['x'], x: 1 })}.${payload}.${signature}`,
      'nothing in its parts': 'a.b.c',
    };
    for (const [name, token] of Object.entries(forged)) {
      expect([name, await reason(token)]).toEqual([name, 'bad-token']);
    }
  });

  it('of a credential that is revoked opens nothing, on every node within a second', async () => {
    const token = await issue();
    expect(await reason(token)).toBe('authenticated');
    const { signingKeys, lastUsed } = db;
    await db.credentials.revoke(credential.id);
    expect(await reason(token)).toBe('unknown');
    const other = await db.credentials.create(receiver, { name: 'other', scopes });
    credential = other;
    const later = await issue();
    const tokens = new AccessTokens(signingKeys, db.credentials, lastUsed, { now: () => db.clock.now });
    expect(await reason(later, tokens)).toBe('authenticated');
    await db.dataSource.query('DELETE FROM signpost_credential');
    db.clock.now += 1_000;
    expect(await reason(later, tokens)).toBe('unknown');
  });

  it('ends with its credential', async () => {
    credential = await db.credentials.create(receiver, { name: 'short', expiresAt: START + MINUTE });
    const { token, expiresIn } = await db.accessTokens.issue(await known(), ['events:read']);
    expect(expiresIn).toBe(60);
    await db.dataSource.query('UPDATE signpost_credential SET expires_at = ?', [START + 30_000]);
    db.clock.now = START + 29_999;
    expect(await reason(token)).toBe('authenticated');
    db.clock.now = START + 30_000;
    expect(await reason(token)).toBe('expired');
  });

  it('may do no more than its credential may do now', async () => {
    const token = await issue(['events:read', 'endpoints:write']);
    await authenticate(token);
    const set = (list: string[]) =>
      db.dataSource.query('UPDATE signpost_credential SET scopes = ?', [JSON.stringify(list)]);
    await set(['endpoints:write', 'pii:read']);
    db.clock.now += 1_000;
    expect(await authenticate(token)).toMatchObject({ credential: { scopes: ['endpoints:write'] } });
    await set(['pii:read']);
    db.clock.now += 1_000;
    expect(await authenticate(token)).toMatchObject({ credential: { scopes: [] } });
  });

  it('claims no scope that its credential does not have', async () => {
    const token = await forge({ scope: 'events:read billing:read admin' });
    expect(await authenticate(token)).toMatchObject({ credential: { scopes: ['events:read'] } });
    for (const scope of [undefined, '', 7, ['events:read']]) {
      expect(await authenticate(await forge({ scope }))).toMatchObject({ credential: { scopes: [] } });
    }
  });

  it('goes on opening while its key is rotated, and nothing once its key leaked', async () => {
    const token = await issue();
    await db.signingKeys.rotate('token', MINUTE);
    expect(await reason(token)).toBe('authenticated');
    await db.signingKeys.rotate('token', 0);
    expect(await reason(token)).toBe('bad-token');
    expect(await reason(await issue())).toBe('authenticated');
  });

  it('reads what its receiver may read now', async () => {
    const token = await issue();
    await authenticate(token);
    await db.receivers.update(receiver, { eventTypes: ['order.*'] });
    expect(await authenticate(token)).toMatchObject({ receiver: { eventTypes: ['order.*'] } });
    await db.receivers.remove(receiver);
    expect(await reason(token)).toBe('unknown');
  });

  it('counts as a use of its credential', async () => {
    const token = await issue();
    db.clock.now += 5_000;
    await authenticate(token);
    await db.lastUsed.flush();
    expect((await db.credentials.get(credential.id, receiver)).lastUsedAt).toBe('2026-11-23T17:30:05.000Z');
  });

  it('is found behind `Bearer` only, and one that is too long is not looked at', async () => {
    const token = await issue();
    const at = async (authorization: string) => {
      const result = await db.authenticator.authenticate({ headers: { authorization } });
      return isAuthFailure(result) ? result.reason : result.kind;
    };
    expect(await at(`Bearer ${token}`)).toBe('token');
    expect(await at(`bearer ${token}`)).toBe('token');
    expect(await at(`Bearer ${credential.apiKey}`)).toBe('api-key');
    expect(await at(`DPoP ${token}`)).toBe('malformed');
    expect(await at(`Basic ${Buffer.from(`${credential.id}:${token}`).toString('base64')}`)).toBe('malformed');
    const long = await forge({ padding: 'x'.repeat(8_000) });
    expect(await at(`Bearer ${long}`)).toBe('malformed');
  });

  it('does not lie in memory or in the database', async () => {
    const token = await issue();
    await authenticate(token);
    for (const table of ['credential', 'signing_key', 'used_assertion', 'access']) {
      expect(JSON.stringify(await db.dataSource.query(`SELECT * FROM signpost_${table}`))).not.toContain(token);
    }
    const verified = (db.accessTokens as unknown as { verified: { tokens: Map<string, unknown> } }).verified.tokens;
    expect([...verified.keys()].join()).not.toContain(token.slice(-20));
    expect(verified.size).toBe(1);
  });
});
