import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { TrustedIssuer } from '../../../src/producer/access/trusted-issuer.js';
import type { IssuerOptions } from '../../../src/producer/signpost-options.js';

const NOW = 1_795_455_000;
const RECEIVER = 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch';
const ISSUER: IssuerOptions = {
  issuer: 'https://login.example.com/',
  audience: 'https://events.example.com',
  jwksUrl: 'https://login.example.com/jwks.json',
};
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ed25519 = generateKeyPairSync('ed25519');
const keys = createLocalJWKSet({
  keys: [
    { ...(rsa.publicKey.export({ format: 'jwk' }) as { kty: 'RSA' }), kid: 'rsa' },
    { ...(ed25519.publicKey.export({ format: 'jwk' }) as { kty: 'OKP' }), kid: 'ed' },
  ],
});

function sign(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key: KeyObject = rsa.privateKey,
) {
  const payload = {
    iss: ISSUER.issuer,
    aud: ISSUER.audience,
    sub: RECEIVER,
    scope: 'openid events:read pii:read',
    iat: NOW,
    exp: NOW + 3_600,
    ...claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
    .setProtectedHeader(
      JSON.parse(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'rsa', ...header })) as JWTHeaderParameters,
    )
    .sign(key);
}

const verify = (token: string, options: Partial<IssuerOptions> = {}) =>
  new TrustedIssuer({ ...ISSUER, ...options }, keys).verify(token, NOW * 1_000);

describe('a token of the operator’s issuer', () => {
  it('says which receiver it is of and what that may do, in terms that are known here', async () => {
    expect(await verify(await sign())).toEqual({
      receiver: RECEIVER,
      scopes: ['events:read', 'pii:read'],
      identity: RECEIVER,
      expiresAt: (NOW + 3_610) * 1_000,
    });
    for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT', 'jwt']) {
      expect(await verify(await sign({}, { typ }))).toBeDefined();
    }
    expect(await verify(await sign({}, { alg: 'EdDSA', kid: 'ed' }, ed25519.privateKey))).toBeDefined();
    expect(await verify(await sign({ aud: ['other', ISSUER.audience] }))).toBeDefined();
    expect(await verify(await sign({ aud: 'second' }), { audience: ['first', 'second'] })).toBeDefined();
  });

  it('names the receiver and the scopes in the claims that the operator says', async () => {
    const options = { receiverClaim: 'https://example.com/receiver', scopesClaim: 'roles' };
    const token = await sign({
      sub: 'client-7',
      'https://example.com/receiver': RECEIVER,
      scope: 'endpoints:write',
      roles: ['events:read', 'admin', 7, null, 'events:read', 'events:raed'],
    });
    expect(await verify(token, options)).toMatchObject({
      receiver: RECEIVER,
      scopes: ['events:read'],
      identity: 'client-7',
    });
    expect(await verify(token)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['text that is no scope', 'openid profile *'],
    ['an object', { 'events:read': true }],
    ['a number', 1],
  ])('whose scopes are %s may do nothing', async (_, scope) => {
    expect(await verify(await sign({ scope }))).toMatchObject({ scopes: [] });
  });

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://login.example.com' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['an end in the past', { exp: NOW - 10 }],
    ['a beginning in the future', { iat: NOW + 11 }],
    ['a time before which it does not count', { nbf: NOW + 11 }],
    ['a subject that is no receiver', { sub: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' }],
    ['a subject that inherits', { sub: undefined }],
    ['a subject that is no text', { sub: [RECEIVER] }],
  ])('with %s is refused', async (_, claims) => {
    expect(await verify(await sign(claims))).toBeUndefined();
  });

  it('is not found in what every object has', async () => {
    expect(await verify(await sign(), { receiverClaim: 'constructor' })).toBeUndefined();
    expect(await verify(await sign(), { receiverClaim: '__proto__' })).toBeUndefined();
  });

  it('of another type is refused', async () => {
    for (const typ of [undefined, 'id+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt']) {
      expect([typ, await verify(await sign({}, { typ }))]).toEqual([typ, undefined]);
    }
  });

  it('is signed with a key of the issuer, by an algorithm that only it can use', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [, payload = '', signature = ''] = (await sign()).split('.');
    const hmac = (secret: string | Buffer) => {
      const text = `${encode({ alg: 'HS256', typ: 'JWT', kid: 'rsa' })}.${payload}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const forged = [
      await sign({}, {}, stranger.privateKey),
      await sign({}, { jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey),
      await sign({}, { jku: 'https://evil.example/jwks.json', kid: 'x' }, stranger.privateKey),
      hmac(rsa.publicKey.export({ format: 'pem', type: 'spki' })),
      hmac(rsa.publicKey.export({ format: 'der', type: 'spki' })),
      `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `${encode({ alg: 'EdDSA', typ: 'JWT', kid: 'rsa' })}.${payload}.${signature}`,
    ];
    for (const [at, token] of forged.entries()) expect([at, await verify(token)]).toEqual([at, undefined]);
  });

  it('is signed by one of the algorithms that the operator says', async () => {
    const token = await sign({}, { alg: 'PS256' });
    expect(await verify(token, { algorithms: ['PS256'] })).toBeDefined();
    expect(await verify(token, { algorithms: ['RS256', 'EdDSA'] })).toBeUndefined();
  });
});
