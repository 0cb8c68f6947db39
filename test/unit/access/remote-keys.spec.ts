import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CompactSign, compactVerify, type JWTVerifyGetKey } from 'jose';
import { remoteKeys } from '../../../src/producer/access/remote-keys.js';

const pair = () => generateKeyPairSync('ed25519');
const jwks = (...keys: [string, KeyObject][]) =>
  JSON.stringify({ keys: keys.map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid, alg: 'EdDSA' })) });

describe('the keys of an issuer', () => {
  const first = pair();

  /** An issuer that answers what the test says, and counts. */
  function issuer(answer: () => Response | Promise<Response>) {
    const asked = { times: 0, redirect: '' };
    const clock = { now: 1_000_000 };
    const keys = remoteKeys(
      'https://login.example.com/jwks.json',
      () => clock.now,
      (_, init) => {
        asked.times += 1;
        asked.redirect = String(init.redirect);
        return Promise.resolve(answer());
      },
    );
    return { keys, asked, clock };
  }
  const outcome = async (keys: JWTVerifyGetKey, kid: string, key = first.privateKey) => {
    const token = await new CompactSign(Buffer.from('text')).setProtectedHeader({ alg: 'EdDSA', kid }).sign(key);
    try {
      await compactVerify(token, keys);
      return 'verified';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('are fetched once and kept, without following where an answer leads', async () => {
    const { keys, asked } = issuer(() => new Response(jwks(['a', first.publicKey])));
    for (let n = 0; n < 3; n++) expect(await outcome(keys, 'a')).toBe('verified');
    expect(asked).toEqual({ times: 1, redirect: 'manual' });
  });

  it('that are not there are asked for no more than once in a while', async () => {
    const { keys, asked } = issuer(() => new Response(jwks(['a', first.publicKey])));
    for (let n = 0; n < 5; n++) expect(await outcome(keys, `unknown ${n}`)).toBe('ERR_JWKS_NO_MATCHING_KEY');
    expect(asked.times).toBe(1);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ['refuses the connection', () => Promise.reject(new TypeError('fetch failed'))],
    ['answers 500', () => new Response('', { status: 500 })],
    ['leads elsewhere', () => new Response('', { status: 302, headers: { location: 'https://evil.example' } })],
    ['answers with a page', () => new Response('<html>')],
    ['answers with no key set', () => new Response('{"keys":7}')],
    ['answers with far too much', () => new Response(jwks(['a', first.publicKey]).padEnd(300_000))],
  ])('that cannot be had, because the issuer %s, are unavailable rather than wrong', async (_, answer) => {
    const { keys, asked } = issuer(answer);
    expect(await outcome(keys, 'a')).toBe('issuer_unavailable');
    expect(asked.times).toBe(1);
  });

  it('that cannot be had are not asked for with each token', async () => {
    let up = false;
    const { keys, asked, clock } = issuer(() => {
      if (!up) throw new TypeError('fetch failed');
      return new Response(jwks(['a', first.publicKey]));
    });
    for (let n = 0; n < 5; n++) expect(await outcome(keys, 'a')).toBe('issuer_unavailable');
    expect(asked.times).toBe(1);
    up = true;
    clock.now += 4_999;
    expect(await outcome(keys, 'a')).toBe('issuer_unavailable');
    clock.now += 1;
    expect(await outcome(keys, 'a')).toBe('verified');
    expect(asked.times).toBe(2);
  });
});
