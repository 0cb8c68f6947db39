import { createPublicKey, createPrivateKey } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  type Ed25519Secret,
  generateSecret,
  type PreparedSecret,
  prepareSecret,
  publicKeyOf,
} from '../../../src/protocol/secrets.js';
import { SignatureError } from '../../../src/protocol/signature-error.js';
import vectors from '../../support/vectors/signature-vectors.json' with { type: 'json' };

const encoded = (prefix: string, length: number) => prefix + Buffer.alloc(length, 7).toString('base64');

function ed25519(secret: string): Ed25519Secret {
  const prepared: PreparedSecret = prepareSecret(secret);
  if (prepared.scheme !== 'v1a') throw new Error('not an Ed25519 key');
  return prepared;
}

function refusal(secret: string): SignatureError {
  try {
    prepareSecret(secret);
  } catch (error) {
    expect(error).toBeInstanceOf(SignatureError);
    return error as SignatureError;
  }
  throw new Error('it was taken for a secret');
}

describe('a generated secret', () => {
  it('is whsec_ and 32 bytes from the random source', () => {
    expect(generateSecret((size) => Buffer.alloc(size, 1))).toBe(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
    expect(generateSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(new Set(Array.from({ length: 100 }, () => generateSecret())).size).toBe(100);
  });

  it('can be prepared', () => {
    expect(prepareSecret(generateSecret()).scheme).toBe('v1');
  });

  it('is not made from a source that gives too little', () => {
    expect(() => generateSecret(() => Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe('a shared secret', () => {
  it.each([24, 25, 32, 63, 64])('may have %d bytes', (length) => {
    expect(prepareSecret(encoded('whsec_', length)).scheme).toBe('v1');
  });

  it.each([0, 1, 23, 65, 128])('may not have %d bytes', (length) => {
    expect(refusal(encoded('whsec_', length)).code).toBe('bad_secret');
  });

  it.each([
    ['nothing', ''],
    ['a prefix alone', 'whsec_'],
    ['no prefix', encoded('', 32)],
    ['a prefix in capitals', encoded('WHSEC_', 32)],
    ['an API key', 'sp_01h455vb4pex5vsknk084sn02q_abcdefghijklmnopqrstuvwxyz'],
    ['a space before', ` ${encoded('whsec_', 32)}`],
    ['a line break after', `${encoded('whsec_', 32)}\n`],
    ['a space within', encoded('whsec_', 32).replace('_', '_ ')],
    ['a missing last character', encoded('whsec_', 32).slice(0, -2)],
    ['missing padding', encoded('whsec_', 32).replace('=', '')],
    ['the URL-safe alphabet', `whsec_${Buffer.alloc(32, 255).toString('base64url')}=`],
    ['spare bits', encoded('whsec_', 32).replace('c=', 'd=')],
    ['hexadecimal of odd length', `whsec_${'0f'.repeat(16)}a`],
  ])('with %s is refused', (_what, secret) => {
    expect(refusal(secret).code).toBe('bad_secret');
  });

  it('is not shown by what refuses it', () => {
    for (const secret of [
      'whsec_canarycanary',
      'whsec_ canarycanary',
      'canarycanary',
      'whsk_canarycanary',
      'whpk_canarycanary',
    ]) {
      expect(inspect(refusal(secret))).not.toContain('canarycanary');
    }
  });

  it('is not shown by its prepared form', () => {
    const bytes = Buffer.from('canary-canary-canary-canary!');
    const prepared = prepareSecret(`whsec_${bytes.toString('base64')}`);
    const shown = inspect(prepared, { depth: 10, showHidden: true }) + JSON.stringify(prepared);
    for (const spelling of ['utf8', 'base64', 'hex'] as const) expect(shown).not.toContain(bytes.toString(spelling));
  });

  it('that is prepared already is taken as it is', () => {
    const prepared = prepareSecret(generateSecret());
    expect(prepareSecret(prepared)).toBe(prepared);
  });
});

describe('an Ed25519 key', () => {
  it('of 32 bytes (a seed) has the public half of the published vector', () => {
    const vector = vectors['standard-webhooks-go-v1a-32byte-seed'];
    expect(publicKeyOf(ed25519(vector.seed))).toBe(vector.publicKeyDerived);
  });

  it('of 64 bytes has the public half of the published vector', () => {
    const vector = vectors['svix-v1a-64byte-sk'];
    expect(publicKeyOf(ed25519(vector.secretKey))).toBe(vector.publicKey);
    expect(publicKeyOf(ed25519(vector.publicKey))).toBe(vector.publicKey);
  });

  it('is the same key as in RFC 9421, B.1.4, whose seed and public half are published in PEM', () => {
    const { privateKeyPem, publicKeyPem } = vectors['rfc9421-b26-ed25519'];
    const { d = '' } = createPrivateKey(privateKeyPem).export({ format: 'jwk' });
    const { x = '' } = createPublicKey(publicKeyPem).export({ format: 'jwk' });
    const pair = ed25519(`whsk_${Buffer.from(d, 'base64url').toString('base64')}`);
    expect(publicKeyOf(pair)).toBe(`whpk_${Buffer.from(x, 'base64url').toString('base64')}`);
  });

  it('that states a public half of another seed is refused', () => {
    const bytes = Buffer.from(vectors['svix-v1a-64byte-sk'].secretKey.slice('whsk_'.length), 'base64');
    bytes[63] = (bytes[63] ?? 0) ^ 1;
    expect(refusal(`whsk_${bytes.toString('base64')}`).code).toBe('bad_secret');
  });

  it.each([0, 31, 33, 63, 65])('of %d bytes is refused', (length) => {
    expect(refusal(encoded('whsk_', length)).code).toBe('bad_secret');
  });

  it.each([0, 31, 33, 64])('of %d bytes is no public key', (length) => {
    expect(refusal(encoded('whpk_', length)).code).toBe('bad_secret');
  });
});
