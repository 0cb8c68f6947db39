import { createLocalJWKSet, flattenedVerify, FlattenedSign } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SigningKeys } from '../../src/index.js';
import { freshDatabase, type FreshDatabase } from '../support/databases.js';
import { HOSTS, startProducer, type ProducerApp } from '../support/producer-app.js';

interface PublishedKey {
  kty: string;
  crv: string;
  x: string;
  kid: string;
  alg: string;
  use: string;
  signpost_use: string;
}

describe.each(HOSTS)('the published keys (%s with %s)', (platform, database) => {
  let shared: FreshDatabase;
  let producer: ProducerApp;
  let other: ProducerApp | undefined;

  beforeAll(async () => {
    shared = await freshDatabase(database);
    producer = await startProducer(platform, { dispatch: false }, { ...shared, drop: () => Promise.resolve() });
    // A second node, where a database can have one.
    if (database === 'postgres') {
      other = await startProducer(platform, { dispatch: false }, { ...shared, drop: () => Promise.resolve() });
    }
  });
  afterAll(async () => {
    await other?.close();
    await producer.close();
    await shared.drop();
  });

  const published = async (node: ProducerApp) =>
    (await node.call<{ keys: PublishedKey[] }>('GET', '/.well-known/jwks.json')).body.keys;

  it('are for everybody, may be kept, and are the same on nodes that start together', async () => {
    const nodes = [producer, other ?? producer];
    const answers = await Promise.all(nodes.flatMap((node) => [published(node), published(node)]));
    for (const keys of answers) expect(keys).toEqual(answers[0]);
    expect(answers[0]?.map((key) => key.signpost_use).toSorted()).toEqual(['signal', 'token']);
    for (const key of answers[0] ?? []) {
      expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'signpost_use', 'use', 'x']);
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
    }
    const { status, headers } = await producer.call('GET', '/.well-known/jwks.json');
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=600']);
    expect(headers.get('content-type')).toBe('application/json');
  });

  it('verify what the installation signs, by another library', async () => {
    const ring = await producer.app.get(SigningKeys).ringFor('signal');
    const [key] = ring.signing('signal', Date.now());
    if (!key) throw new Error('There is no key');
    const signed = await new FlattenedSign(Buffer.from('signal'))
      .setProtectedHeader({ alg: 'EdDSA', kid: key.kid })
      .sign(key.privateKey);
    const keys = createLocalJWKSet({ keys: (await published(producer)) as never });
    const { payload } = await flattenedVerify(signed, keys);
    expect(Buffer.from(payload).toString()).toBe('signal');
  });

  it('are rotated by an operator, on every node', async () => {
    const before = await published(producer);
    const answer = await producer.admin('POST', '/signing-keys/rotate', { use: 'signal', overlap: 3_600 });
    expect(answer.status).toBe(200);
    const { kid, use, activatesAt, createdAt, retiresAt } = answer.body as Record<string, string>;
    expect([use, retiresAt]).toEqual(['signal', null]);
    expect(Date.parse(String(activatesAt)) - Date.parse(String(createdAt))).toBe(900_000);
    const kids = [...before.map((key) => key.kid), kid].toSorted();
    expect((await published(producer)).map((key) => key.kid).toSorted()).toEqual(kids);
    const listed = await producer.admin<{ items: { kid: string }[] }>('GET', '/signing-keys');
    expect(listed.body.items.map((key) => key.kid).toSorted()).toEqual(kids);
    expect(listed.text).not.toContain('"d"');
    expect((await producer.admin('POST', '/signing-keys/rotate', { use: 'signal' })).status).toBe(409);
    const leaked = await producer.admin('POST', '/signing-keys/rotate', { use: 'signal', overlap: 0 });
    expect(leaked.body).toMatchObject({ use: 'signal', retiresAt: null });
    expect((await published(producer)).filter((key) => key.signpost_use === 'signal').map((key) => key.kid)).toEqual([
      leaked.body.kid,
    ]);
  });

  it('are rotated for a use and an overlap that there is', async () => {
    for (const [body, pointer] of [
      [{}, '/use'],
      [{ use: 'both' }, '/use'],
      [{ use: 'token', overlap: -1 }, '/overlap'],
      [{ use: 'token', overlap: 604_801 }, '/overlap'],
      [{ use: 'token', kid: 'x' }, '/kid'],
    ] as const) {
      const answer = await producer.admin('POST', '/signing-keys/rotate', body);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    }
  });
});
