import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { DATABASES } from '../support/databases.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';

const START = Date.parse('2026-11-23T17:30:00.000Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Credential {
  id: string;
  apiKey: string;
  expiresAt: string | null;
}

describe.each(DATABASES)('a credential (%s)', (database) => {
  const clock = { now: START };
  let producer: ProducerApp;
  let path: string;

  const create = async (body: object) => {
    const answer = await producer.admin<Credential>('POST', path, { name: 'c', ...body });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const rotate = (id: string, body?: object) => producer.admin<Credential>('POST', `${path}/${id}/rotate`, body);
  const show = async (id: string) => (await producer.admin<Credential>('GET', `${path}/${id}`)).body;
  const opens = async ({ id, apiKey }: Credential) => {
    const basic = Buffer.from(`${id}:${apiKey}`).toString('base64');
    const statuses = [];
    for (const authorization of [`Bearer ${apiKey}`, `Basic ${basic}`]) {
      statuses.push((await producer.call('GET', '/v1/position', { headers: { authorization } })).status);
    }
    return statuses;
  };
  const at = (time: number) => {
    clock.now = time;
  };

  beforeAll(async () => {
    producer = await startProducer('fastify', { dispatch: false, now: () => clock.now }, database);
    const { body } = await producer.admin('POST', '/receivers', { name: 'r' });
    path = `/receivers/${String(body.id)}/credentials`;
  });
  afterAll(() => producer.close());

  it('that is rotated may do the same under a new key, and the former one ends with the overlap, to the second', async () => {
    at(START);
    const former = await create({ name: 'prod', scopes: ['events:read', 'pii:read'], types: ['invoice.*'] });
    const answer = await rotate(former.id, { overlap: 3_600 });
    expect(answer.status).toBe(201);
    const made = answer.body;
    expect(made).toMatchObject({
      name: 'prod',
      scopes: ['events:read', 'pii:read'],
      types: ['invoice.*'],
      expiresAt: null,
      lastUsedAt: null,
    });
    expect([made.id === former.id, made.apiKey === former.apiKey]).toEqual([false, false]);
    expect((await show(former.id)).expiresAt).toBe(new Date(START + HOUR).toISOString());
    for (const [time, status] of [
      [START, 200],
      [START + HOUR - 1, 200],
      [START + HOUR, 401],
    ] as const) {
      at(time);
      expect([await opens(former), await opens(made)]).toEqual([
        [status, status],
        [200, 200],
      ]);
    }
  });

  it('that is rotated has a day by default, an earlier end of its own stays, and without overlap it ends at once', async () => {
    at(START);
    const byDefault = await create({});
    expect((await rotate(byDefault.id)).status).toBe(201);
    expect((await show(byDefault.id)).expiresAt).toBe(new Date(START + DAY).toISOString());
    await rotate(byDefault.id, { overlap: 604_800 });
    expect((await show(byDefault.id)).expiresAt).toBe(new Date(START + DAY).toISOString());
    const early = await create({ expiresAt: new Date(START + HOUR).toISOString() });
    const made = (await rotate(early.id, { expiresAt: '2027-01-01T00:00:00Z' })).body;
    expect((await show(early.id)).expiresAt).toBe(new Date(START + HOUR).toISOString());
    expect(made.expiresAt).toBe('2027-01-01T00:00:00.000Z');
    const atOnce = await create({});
    expect(await opens(atOnce)).toEqual([200, 200]);
    await rotate(atOnce.id, { overlap: 0 });
    expect(await opens(atOnce)).toEqual([401, 401]);
  });

  it('is rotated and shown under its own receiver only, and for an overlap that there is', async () => {
    const { id } = await create({});
    const stranger = await producer.admin('POST', '/receivers', { name: 'other' });
    const foreign = `/receivers/${String(stranger.body.id)}/credentials/${id}`;
    expect((await producer.admin('POST', `${foreign}/rotate`)).status).toBe(404);
    expect((await producer.admin('GET', foreign)).status).toBe(404);
    for (const overlap of [-1, 1.5, 604_801, '60']) {
      expect(await rotate(id, { overlap })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/overlap' }] } });
    }
    expect(await show(id)).toMatchObject({ id, expiresAt: null, jwks: null });
    expect(await show(id)).not.toHaveProperty('apiKey');
  });

  it('with public keys has no API key, shows its keys, and is replaced rather than rotated', async () => {
    const keys = [
      generateKeyPairSync('ed25519').publicKey,
      generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey,
    ].map((key) => key.export({ format: 'jwk' }));
    const made = await create({ jwks: { keys } });
    expect(made).not.toHaveProperty('apiKey');
    expect(made).toMatchObject({
      jwks: {
        keys: [
          { ...keys[0], alg: 'EdDSA', use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) },
          { ...keys[1], alg: 'RS256', use: 'sig', kid: expect.stringMatching(/^[\w-]{43}$/) },
        ],
      },
    });
    expect(await show(made.id)).toEqual(made);
    expect((await rotate(made.id)).status).toBe(409);
  });

  it.each<[string, string, () => object]>([
    ['a private key', '/jwks/keys/0/d', () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })],
    ['a shared secret', '/jwks/keys/0/kty', () => ({ kty: 'oct', k: 'c2VjcmV0' })],
    [
      'another curve',
      '/jwks/keys/0/crv',
      () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }),
    ],
    [
      'a short RSA key',
      '/jwks/keys/0/n',
      () => generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' }),
    ],
    [
      'a small exponent',
      '/jwks/keys/0/e',
      () => generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 }).publicKey.export({ format: 'jwk' }),
    ],
    [
      'a point off its curve',
      '/jwks/keys/0',
      () => ({ kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'B'.repeat(43) }),
    ],
    ['half a key', '/jwks/keys/0', () => ({ kty: 'RSA', e: 'AQAB' })],
    [
      'an algorithm of another key',
      '/jwks/keys/0/alg',
      () => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), alg: 'ES256' }),
    ],
    [
      'a symmetric algorithm',
      '/jwks/keys/0/alg',
      () => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), alg: 'HS256' }),
    ],
    [
      'a certificate',
      '/jwks/keys/0/x5c',
      () => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), x5c: ['MII'] }),
    ],
  ])('is not made with %s', async (_, pointer, key) => {
    const jwk = key();
    const count = async () => {
      const [row] = await producer.app
        .get(DataSource)
        .query<{ count: number | string }[]>('SELECT count(*) AS count FROM signpost_credential');
      return Number(row?.count);
    };
    const before = await count();
    const answer = await producer.admin('POST', path, { name: 'c', jwks: { keys: [jwk] } });
    expect(answer.status).toBe(400);
    expect((answer.body.errors as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
    if ('d' in jwk) expect(answer.text).not.toContain(jwk.d);
    expect(await count()).toBe(before);
  });

  it('is not made with no keys, with too many, with two of one name, or with a key set that is none', async () => {
    const key = () => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) });
    for (const jwks of [
      { keys: [] },
      { keys: Array.from({ length: 6 }, key) },
      {
        keys: [
          { ...key(), kid: 'a' },
          { ...key(), kid: 'a' },
        ],
      },
      { keys: ['key'] },
      { keys: [null] },
      { keys: {} },
      {},
      [],
      'keys',
      null,
      { keys: [key()], url: 'https://example.com' },
    ]) {
      expect([jwks, (await producer.admin('POST', path, { name: 'c', jwks })).status]).toEqual([jwks, 400]);
    }
  });
});
