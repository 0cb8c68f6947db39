import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../../src/producer/options-validation.js';
import type { IssuerOptions, SignpostOptions } from '../../../src/producer/signpost-options.js';

const masterKey = Buffer.alloc(32, 1).toString('base64');
const issuer: IssuerOptions = {
  issuer: 'https://login.example.com',
  audience: 'a',
  jwksUrl: 'https://login.example.com/jwks',
};
const resolve = (options: Partial<SignpostOptions>) => resolveOptions({ masterKey, ...options });

describe('the options of credentials', () => {
  it('have defaults', () => {
    expect(resolve({})).toMatchObject({
      issuers: [],
      oauth: { tokenLifetimeMs: 600_000 },
      signingKeys: { jwksCacheMs: 600_000, activationDelayMs: 900_000 },
    });
    expect(resolve({ signingKeys: { jwksCacheMs: 60_000 } }).signingKeys.activationDelayMs).toBe(360_000);
  });

  it('take several issuers, over https, or http on the own machine', () => {
    for (const jwksUrl of [
      'https://x/',
      'http://localhost:8080/jwks',
      'http://127.0.0.1/jwks',
      'http://[::1]:1/jwks',
    ]) {
      expect(resolve({ issuers: [{ ...issuer, jwksUrl }] }).issuers).toHaveLength(1);
    }
    const keycloak = { ...issuer, issuer: 'http://keycloak', jwksUrl: 'http://keycloak/jwks', allowHttp: true };
    expect(resolve({ issuers: [issuer, keycloak] }).issuers).toEqual([issuer, keycloak]);
  });

  it.each<[string, Partial<SignpostOptions>]>([
    ['issuers[0].jwksUrl', { issuers: [{ ...issuer, jwksUrl: 'http://keycloak:8080/jwks' }] }],
    ['issuers[0].jwksUrl', { issuers: [{ ...issuer, jwksUrl: 'http://127.0.0.1.evil.example/jwks' }] }],
    ['issuers[0].jwksUrl', { issuers: [{ ...issuer, jwksUrl: 'https://user:secret@login.example.com/jwks' }] }],
    ['issuers[0].jwksUrl', { issuers: [{ ...issuer, jwksUrl: 'file:///etc/passwd' }] }],
    ['issuers[0].jwksUrl', { issuers: [{ ...issuer, jwksUrl: 'jwks.json' }] }],
    ['issuers[0].issuer', { issuers: [{ ...issuer, issuer: ' ' }] }],
    ['issuers[0].audience', { issuers: [{ ...issuer, audience: [] }] }],
    ['issuers[0].audience', { issuers: [{ ...issuer, audience: '' }] }],
    ['issuers[0].receiverClaim', { issuers: [{ ...issuer, receiverClaim: '' }] }],
    ['issuers[0].algorithms', { issuers: [{ ...issuer, algorithms: ['HS256'] }] }],
    ['issuers[0].algorithms', { issuers: [{ ...issuer, algorithms: ['none'] }] }],
    ['issuers[0].algorithms', { issuers: [{ ...issuer, algorithms: [] }] }],
    ['issuers[1].issuer', { issuers: [issuer, issuer] }],
    ['issuers[0].issuer', { issuers: [{ ...issuer, issuer: 'https://e.example' }], publicUrl: 'https://e.example/' }],
    ['oauth.tokenLifetimeMs', { oauth: { tokenLifetimeMs: 600_001 } }],
    ['oauth.tokenLifetimeMs', { oauth: { tokenLifetimeMs: 999 } }],
    ['signingKeys.jwksCacheMs', { signingKeys: { jwksCacheMs: 0 } }],
  ])('are refused at the start, by the name of %s', (name, options) => {
    const start = () => resolve(options);
    expect(start).toThrow(expect.objectContaining({ code: 'bad_options' }));
    expect(start).toThrow(new RegExp(`^SignpostModule: ${name.replace(/[.[\]]/g, '\\$&')} [^\\n]+$`));
    expect(start).not.toThrow(/secret/);
  });
});
