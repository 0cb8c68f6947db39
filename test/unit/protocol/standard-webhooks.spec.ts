import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { generateSecret, prepareSecret, publicKeyOf, type Secret } from '../../../src/protocol/secrets.js';
import { signStandard } from '../../../src/protocol/standard-webhooks.js';
import { verifySignature } from '../../../src/protocol/verify.js';
import vectors from '../../support/vectors/signature-vectors.json' with { type: 'json' };

const NOW = 1_614_265_330;
const hmacVector = vectors['standard-webhooks-v1'];
const longKeyVector = vectors['svix-v1a-64byte-sk'];
const seedVector = vectors['standard-webhooks-go-v1a-32byte-seed'];

const headersOf = (id: string, timestamp: number, signature: string) => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
});

describe('every published vector of Standard Webhooks', () => {
  it.each([
    ['v1', hmacVector.secret, hmacVector.secret, hmacVector],
    ['v1a, 64-byte key', longKeyVector.secretKey, longKeyVector.publicKey, longKeyVector],
    ['v1a, 32-byte seed', seedVector.seed, seedVector.publicKeyDerived, seedVector],
  ])('%s is what we sign and what we accept', (_name, signing, verifying, { id, timestamp, payload, signature }) => {
    for (const body of [payload, Buffer.from(payload), new TextEncoder().encode(payload)]) {
      for (const secret of [signing, prepareSecret(signing)]) {
        expect(signStandard({ id, timestamp, body, secrets: [secret] })).toBe(signature);
      }
      const options = { now: () => timestamp * 1000 };
      for (const secret of [signing, verifying, prepareSecret(verifying)]) {
        const verified = verifySignature(body, headersOf(id, timestamp, signature), secret, options);
        expect(verified).toEqual({ id, timestamp });
      }
    }
  });
});

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const timestamp = fc.integer({ min: 1_000_000_000, max: 9_999_999_999 });
const key = fc.uint8Array({ minLength: 24, maxLength: 64 });
const hmacSecret = key.map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
// Any text of whole code points, so that both sides read the same bytes.
const text = fc.string({ unit: 'binary', maxLength: 300 });

describe('the libraries standardwebhooks and svix', () => {
  const libraries = [
    ['standardwebhooks', StandardWebhook],
    ['svix', SvixWebhook],
  ] as const;

  it.each(libraries)('%s signs to the same value', (_name, Webhook) => {
    fc.assert(
      fc.property(id, timestamp, hmacSecret, text, (id, timestamp, secret, body) => {
        const theirs = new Webhook(secret).sign(id, new Date(timestamp * 1000), body);
        expect(signStandard({ id, timestamp, body, secrets: [secret] })).toBe(theirs);
      }),
    );
  });

  it.each(libraries)('%s makes signatures that we accept', (_name, Webhook) => {
    fc.assert(
      fc.property(id, timestamp, hmacSecret, text, (id, timestamp, secret, body) => {
        const headers = headersOf(id, timestamp, new Webhook(secret).sign(id, new Date(timestamp * 1000), body));
        const raw = Buffer.from(body);
        expect(verifySignature(raw, headers, secret, { now: () => timestamp * 1000 })).toEqual({ id, timestamp });
      }),
    );
  });

  it.each(libraries)(
    '%s accepts our signatures, among others and with an Ed25519 one beside them',
    (_name, Webhook) => {
      const clock = jest.spyOn(Date, 'now');
      try {
        fc.assert(
          fc.property(
            id,
            timestamp,
            fc.array(hmacSecret, { minLength: 1, maxLength: 3 }),
            fc.json(),
            (id, timestamp, secrets, body) => {
              clock.mockReturnValue(timestamp * 1000);
              const signature = signStandard({
                id,
                timestamp,
                body: Buffer.from(body),
                secrets: [seedVector.seed, ...secrets],
              });
              for (const secret of secrets) {
                expect(new Webhook(secret).verify(body, headersOf(id, timestamp, signature))).toEqual(JSON.parse(body));
              }
            },
          ),
        );
      } finally {
        clock.mockRestore();
      }
    },
  );

  it.each(libraries)('%s refuses what we refuse: another secret', (_name, Webhook) => {
    const signature = signStandard({ id: 'sig_1', timestamp: NOW, body: '{}', secrets: [generateSecret()] });
    const clock = jest.spyOn(Date, 'now').mockReturnValue(NOW * 1000);
    try {
      expect(() => new Webhook(generateSecret()).verify('{}', headersOf('sig_1', NOW, signature))).toThrow();
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a signature', () => {
  it('of scheme v1a, made with a seed or a long key, is accepted with the public key, and of any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(id, timestamp, seed, bytes, fc.boolean(), (id, timestamp, seed, body, long) => {
        const short = prepareSecret(`whsk_${Buffer.from(seed).toString('base64')}`);
        if (short.scheme !== 'v1a') throw new Error('not an Ed25519 key');
        const publicKey = publicKeyOf(short);
        const both = Buffer.concat([seed, Buffer.from(publicKey.slice('whpk_'.length), 'base64')]);
        const signing: Secret = long ? `whsk_${both.toString('base64')}` : short;
        const signature = signStandard({ id, timestamp, body, secrets: [signing] });
        const options = { now: () => timestamp * 1000 };
        expect(verifySignature(body, headersOf(id, timestamp, signature), publicKey, options)).toEqual({
          id,
          timestamp,
        });
      }),
    );
  });

  it('is made with every secret, in their order', () => {
    const secrets = [hmacVector.secret, seedVector.seed, longKeyVector.secretKey];
    const { id, timestamp, payload } = hmacVector;
    const expected = [hmacVector.signature, seedVector.signature, longKeyVector.signature].join(' ');
    expect(signStandard({ id, timestamp, body: payload, secrets })).toBe(expected);
  });

  it('of one secret is accepted by a receiver that still has the other one beside it', () => {
    const [old, current, foreign] = [generateSecret(), generateSecret(), generateSecret()];
    const headers = headersOf(
      'sig_1',
      NOW,
      signStandard({ id: 'sig_1', timestamp: NOW, body: '{}', secrets: [old, current] }),
    );
    const options = { now: () => NOW * 1000 };
    for (const secrets of [[old], [current], [foreign, current], [old, current]]) {
      expect(verifySignature('{}', headers, secrets, options)).toEqual({ id: 'sig_1', timestamp: NOW });
    }
  });

  it.each([
    ['without a secret', { secrets: [] }, 'bad_secret'],
    ['with a public key', { secrets: [longKeyVector.publicKey] }, 'bad_secret'],
    ['with an unusable secret', { secrets: ['whsec_short'] }, 'bad_secret'],
    ['for an empty id', { id: '' }, 'bad_id'],
    ['for an id with a full stop', { id: 'msg.1' }, 'bad_id'],
    ['for an id with a line break', { id: 'msg\r\nx: y' }, 'bad_id'],
    ['for an id of 257 characters', { id: 'a'.repeat(257) }, 'bad_id'],
    ['for milliseconds', { timestamp: NOW * 1000 }, 'bad_timestamp'],
    ['for half a second', { timestamp: NOW + 0.5 }, 'bad_timestamp'],
    ['for no number', { timestamp: Number.NaN }, 'bad_timestamp'],
  ])('is not made %s', (_what, change, code) => {
    const content = { id: 'sig_1', timestamp: NOW, body: '{}', secrets: [hmacVector.secret], ...change };
    expect(() => signStandard(content)).toThrow(expect.objectContaining({ name: 'SignatureError', code }));
  });
});
