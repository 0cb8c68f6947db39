import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { SignpostClient, UnauthorizedError, type Auth } from '../../src/receiver/client/index.js';
import { DATABASES } from '../support/databases.js';
import { startProducer, type ProducerApp } from '../support/producer-app.js';

const PUBLIC_URL = 'https://events.example.com';

describe.each(DATABASES)('the client and the producer’s tokens (%s)', (database) => {
  let producer: ProducerApp;
  let credentials: string;
  const clients: SignpostClient[] = [];

  const create = async (body: object) => {
    const { status, body: made } = await producer.admin('POST', credentials, { name: 'c', ...body });
    expect(status).toBe(201);
    return { id: String(made.id), apiKey: String(made.apiKey) };
  };
  const register = ({ publicKey }: KeyPairKeyObjectResult, more: object = {}) =>
    create({ jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), ...more }] } });
  const client = (auth: Auth) => {
    const made = new SignpostClient({ url: producer.url, ...auth });
    clients.push(made);
    return made;
  };
  const rows = async () => (await producer.app.get(AccessLog).list({ limit: 2 })).items;

  beforeAll(async () => {
    producer = await startProducer('fastify', { dispatch: false, publicUrl: PUBLIC_URL }, database);
    const { body } = await producer.admin('POST', '/receivers', { name: 'r' });
    credentials = `/receivers/${String(body.id)}/credentials`;
  });
  afterEach(() => Promise.all(clients.splice(0).map((each) => each.close())));
  afterAll(() => producer.close());

  it('agree on a client secret', async () => {
    const { id, apiKey } = await create({});
    expect(await client({ clientId: id, clientSecret: apiKey }).position()).toMatchObject({ lag: 0 });
    const [read, token] = await rows();
    expect(token).toMatchObject({ action: 'token', status: 200, credential: id });
    expect(read).toMatchObject({ action: 'position', kind: 'token', credential: id });
  });

  it.each<[string, KeyPairKeyObjectResult, object, object]>([
    ['Ed25519', generateKeyPairSync('ed25519'), {}, {}],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), { kid: 'k' }, { keyId: 'k' }],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 }), {}, {}],
  ])(
    'agree on an assertion signed with %s, given as PEM, as a JWK or as an object',
    async (_, pair, registered, given) => {
      const { id } = await register(pair, registered);
      const { privateKey: key } = pair;
      for (const privateKey of [
        key,
        key.export({ format: 'jwk' }),
        key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      ]) {
        const asked = client({ clientId: id, privateKey, audience: `${PUBLIC_URL}/oauth/token`, ...given });
        expect(await asked.position()).toMatchObject({ lag: 0 });
      }
    },
  );

  it('go on with a new token when the key that signed the present one leaked, and stop when the credential is revoked', async () => {
    const pair = generateKeyPairSync('ed25519');
    const { id } = await register(pair);
    const asked = client({ clientId: id, privateKey: pair.privateKey, audience: PUBLIC_URL });
    await asked.position();
    await producer.admin('POST', '/signing-keys/rotate', { use: 'token', overlap: 0 });
    await asked.position();
    await producer.admin('DELETE', `${credentials}/${id}`);
    await expect(asked.position()).rejects.toBeInstanceOf(UnauthorizedError);
  });

  it('refuse an assertion that is made out to somebody else, or by another key, and show no key', async () => {
    const pair = generateKeyPairSync('ed25519');
    const { id } = await register(pair);
    const stranger = generateKeyPairSync('ed25519').privateKey;
    for (const auth of [
      // By default the URL that is called, which here is not the public one.
      { clientId: id, privateKey: pair.privateKey },
      { clientId: id, privateKey: stranger, audience: PUBLIC_URL },
      { clientId: id, privateKey: pair.privateKey, audience: PUBLIC_URL, keyId: 'other' },
    ]) {
      const error = await client(auth)
        .position()
        .catch((each: unknown) => each);
      expect(error).toBeInstanceOf(UnauthorizedError);
      expect(inspect(error, { depth: 5 })).not.toContain(String(auth.privateKey.export({ format: 'jwk' }).d));
    }
  });

  it('take no key that cannot sign', () => {
    const rejected: unknown[] = ['-----BEGIN canary-----', { kty: 'OKP', crv: 'Ed25519', x: 'canary' }];
    rejected.push(
      generateKeyPairSync('ed25519').publicKey,
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    );
    for (const privateKey of rejected) {
      const make = () => client({ clientId: 'key_1', privateKey } as Auth);
      expect(make).toThrow(expect.objectContaining({ message: expect.stringContaining('privateKey') }));
      expect(make).not.toThrow(/canary/);
    }
    const both = { clientId: 'key_1', clientSecret: 's', privateKey: generateKeyPairSync('ed25519').privateKey };
    expect(() => client(both)).toThrow(/both clientSecret and privateKey/);
  });
});
