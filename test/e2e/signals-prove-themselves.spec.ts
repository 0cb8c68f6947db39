import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Ed25519Jwk,
  verifyHubSignature,
  verifyMessageSignature,
  verifySignal,
} from '../../src/receiver/client/index.js';
import { SigningKeys } from '../../src/index.js';
import { publicKeyOf } from '../../src/protocol/secrets.js';
import { DATABASES } from '../support/databases.js';
import {
  type ForeignVerifier,
  messageSignatures,
  nobleV1a,
  octokit,
  type Received,
  standardwebhooks,
  svix,
  xHubSignature,
} from '../support/foreign-verifiers.js';
import { type ProducerApp, startProducer } from '../support/producer-app.js';
import { type SignalReceiver, startSignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe } from '../support/subscribed.js';

const DAY = 86_400_000;

type Ours = (request: Received, secret: string, now: number) => void;

/** Each scheme, with what verifies it that is not ours, and with ours. */
const SCHEMES: [string, ForeignVerifier[], Ours][] = [
  [
    'standard',
    [standardwebhooks, svix],
    (it, secret, at) => verifySignal(it.body, it.headers, secret, { now: () => at }),
  ],
  ['github', [octokit], (it, secret) => verifyHubSignature(it.body, it.headers, secret, 'sha256')],
  ['facebook', [xHubSignature], (it, secret) => verifyHubSignature(it.body, it.headers, secret, 'sha1')],
  [
    'rfc9421',
    [messageSignatures()],
    (it, secret, at) => verifyMessageSignature({ method: 'POST', ...it }, secret, { now: () => at }),
  ],
];

describe.each(DATABASES)('a signal (%s)', (database) => {
  let producer: ProducerApp;
  let receiver: SignalReceiver;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    receiver = await startSignalReceiver();
    producer = await startProducer('fastify', { dispatch: false, now: () => now }, database);
  });
  afterEach(async () => {
    await producer.close();
    await receiver.close();
  });

  /** What a receiver has of the next signal. */
  const next = async (): Promise<Received> => {
    const before = receiver.signals.length;
    await publish(producer, { type: 'invoice.paid' });
    await producer.dispatchOnce();
    const signal = receiver.signals[before];
    if (!signal) throw new Error('no signal came');
    return { url: `${receiver.url}${signal.path}`, headers: signal.headers, body: signal.body };
  };
  const rotate = async (endpoint: string, overlap: number) => {
    const { body } = await producer.admin('POST', `/endpoints/${endpoint}/rotate-secret`, { overlap });
    return String(body.secret);
  };

  it.each(SCHEMES)('is verified in the scheme %s by libraries that are not ours', async (signature, foreign, ours) => {
    const { secret, endpoint } = await subscribe(producer, `${receiver.url}/in?key=a%20b`, { signature });
    const signal = await next();
    const other = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    for (const verify of foreign) {
      expect(await verify(signal, secret)).toBe(true);
      expect(await verify(signal, other)).toBe(false);
      expect(await verify({ ...signal, body: `${signal.body} ` }, secret)).toBe(false);
    }
    expect(() => ours(signal, secret, now)).not.toThrow();
    expect(() => ours(signal, other, now)).toThrow();
    expect(signal.headers).toMatchObject({
      'webhook-id': expect.stringMatching(/^sig_/),
      'webhook-timestamp': String(Math.floor(now / 1_000)),
    });
    if (signature === 'github') {
      expect(signal.headers).toMatchObject({
        'x-github-event': 'events.available',
        'x-github-delivery': signal.headers['webhook-id'],
        'x-github-hook-id': endpoint,
      });
    }
  });

  it.each(SCHEMES)('follows a rotation in the scheme %s to the second', async (signature, foreign, ours) => {
    const { secret: former, endpoint } = await subscribe(producer, receiver.url, { signature });
    const fresh = await rotate(endpoint, 86_400);
    const ends = now + DAY;
    const single = signature === 'github' || signature === 'facebook';
    const verified = (signal: Received, secret: string) => {
      try {
        ours(signal, secret, now);
        return true;
      } catch {
        return false;
      }
    };

    now = ends - 1_000;
    const last = await next();
    expect([verified(last, fresh), verified(last, former)]).toEqual([true, !single]);
    if (single) {
      // A receiver that still has the former secret refuses the first attempt, and verifies the second.
      receiver.answer = (_, response) => response.writeHead(401).end();
      const refused = await next();
      receiver.answer = (_, response) => response.writeHead(202).end();
      now = ends - 1;
      const before = receiver.signals.length;
      // The retry is not due for some seconds; the operator's new auth has it tried at once.
      await producer.admin('PATCH', `/endpoints/${endpoint}`, { auth: { bearer: 'x' } });
      await producer.dispatchOnce();
      const again = receiver.signals[before];
      expect(again?.headers['webhook-id']).toBe(refused.headers['webhook-id']);
      expect(verified({ ...refused, headers: again?.headers ?? {} }, former)).toBe(true);
      expect(verified({ ...refused, headers: again?.headers ?? {} }, fresh)).toBe(false);
    }

    now = ends;
    const after = await next();
    expect([verified(after, fresh), verified(after, former)]).toEqual([true, false]);
    for (const verify of single ? foreign : []) {
      expect([await verify(after, fresh), await verify(after, former)]).toEqual([true, false]);
    }
  });

  /** What the installation publishes for signals. */
  const published = async (endpoint: string) => {
    const { body: view } = await producer.admin(`GET`, `/endpoints/${endpoint}`);
    const { body: jwks } = await producer.call('GET', '/.well-known/jwks.json');
    return { publicKeys: view.publicKeys as string[], jwks: jwks.keys as Ed25519Jwk[] };
  };

  it.each([
    ['standard+ed25519', [standardwebhooks, svix]],
    ['rfc9421+ed25519', [messageSignatures()]],
  ])(
    "is verified in the scheme %s by the installation's published key alone, and by the secret",
    async (signature, foreign) => {
      const { secret, endpoint } = await subscribe(producer, `${receiver.url}/in`, { signature });
      const signal = await next();
      const { publicKeys, jwks } = await published(endpoint);
      expect(publicKeys).toHaveLength(1);
      const [publicKey = ''] = publicKeys;
      for (const verify of foreign) expect(await verify(signal, secret)).toBe(true);
      const byKey = signature === 'standard+ed25519' ? nobleV1a : messageSignatures(jwks[0]?.kid);
      const stranger = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
      expect([await byKey(signal, publicKey), await byKey(signal, stranger)]).toEqual([true, false]);
      // Of a JWKS, the way that other languages go.
      const imported = createPublicKey({ key: { ...jwks[0], kty: 'OKP' }, format: 'jwk' });
      expect(publicKeyOf({ scheme: 'v1a', publicKey: imported, privateKey: null })).toBe(publicKey);
      const at = { now: () => now };
      for (const key of [publicKey, secret]) {
        if (signature === 'standard+ed25519')
          expect(() => verifySignal(signal.body, signal.headers, key, at)).not.toThrow();
        else expect(() => verifyMessageSignature({ method: 'POST', ...signal }, key, at)).not.toThrow();
      }
      if (signature === 'rfc9421+ed25519') {
        expect(() => verifyMessageSignature({ method: 'POST', ...signal }, jwks, at)).not.toThrow();
      }
    },
  );

  it('is signed by both keys of the installation while one follows the other', async () => {
    const { endpoint } = await subscribe(producer, receiver.url, { signature: 'standard+ed25519' });
    await next();
    const { publicKeys: before } = await published(endpoint);
    await producer.app.get(SigningKeys).rotate('signal', DAY);
    now += 2_000;
    const { publicKeys } = await published(endpoint);
    expect(publicKeys).toHaveLength(2);
    const verifying = async (signal: Received) => {
      const verified: string[] = [];
      for (const key of publicKeys) if (await nobleV1a(signal, key)) verified.push(key);
      return verified.length;
    };
    // Published before it signs.
    expect(await verifying(await next())).toBe(1);
    now += DAY / 2;
    const both = await next();
    expect([await verifying(both), publicKeys.includes(before[0] ?? '')]).toEqual([2, true]);
  });

  it('is signed in another scheme from the moment its endpoint is set to it, retries included', async () => {
    const { secret, endpoint } = await subscribe(producer, receiver.url, {});
    receiver.answer = (_, response) => response.writeHead(500).end();
    const first = await next();
    await producer.admin('PATCH', `/endpoints/${endpoint}`, { signature: 'rfc9421' });
    now += 10_000;
    await producer.dispatchOnce();
    const again = receiver.signals.at(-1);
    expect(again?.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(again?.headers).not.toHaveProperty('webhook-signature');
    const message = { method: 'POST', url: receiver.url, headers: again?.headers ?? {}, body: first.body };
    expect(verifyMessageSignature(message, secret, { now: () => now })).toMatchObject({
      id: first.headers['webhook-id'],
    });
  });
});
