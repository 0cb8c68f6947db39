import { sign, verify } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import type { SigningKeyUse } from '../../../src/producer/access/key-ring.js';
import { SigningKeys } from '../../../src/producer/access/signing-keys.js';
import { Sealer } from '../../../src/producer/subscriptions/sealing.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Ten minutes that others may keep the keys, and five to be sure. */
const ACTIVATION = 15 * MINUTE;

describe('the signing keys', () => {
  let db: Subscriptions;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    db = await openSubscriptions();
  });
  afterEach(() => db.close());

  const kidsSigning = async (use: SigningKeyUse) =>
    (await db.signingKeys.ring()).signing(use, db.clock.now).map(({ kid }) => kid);
  const kidsPublished = async () =>
    (await db.signingKeys.ring())
      .published(db.clock.now)
      .map(({ kid }) => kid)
      .toSorted();
  const first = async (use: SigningKeyUse) => {
    const [key] = (await db.signingKeys.ringFor(use)).signing(use, db.clock.now);
    if (!key) throw new Error('There is no key');
    return key;
  };

  it('are made when somebody needs one, one for each use', async () => {
    expect(await kidsPublished()).toEqual([]);
    const signal = await first('signal');
    expect(await kidsSigning('token')).toEqual([]);
    const token = await first('token');
    expect(await first('signal')).toMatchObject({ kid: signal.kid });
    expect(await kidsPublished()).toEqual([signal.kid, token.kid].toSorted());
  });

  it('are named by their thumbprint and sign with Ed25519', async () => {
    const { kid, publicJwk, publicKey, privateKey } = await first('signal');
    expect(kid).toBe(await calculateJwkThumbprint(publicJwk));
    expect(verify(null, Buffer.from('text'), publicKey, sign(null, Buffer.from('text'), privateKey))).toBe(true);
    expect(Object.keys(publicJwk).toSorted()).toEqual(['crv', 'kty', 'x']);
  });

  it('are made once, however many ask at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => db.signingKeys.ringFor('token')));
    expect(await kidsPublished()).toHaveLength(1);
  });

  it('are made once by nodes whose clocks differ, and replaced once', async () => {
    const behind = new SigningKeys(db.dataSource, db.sealer, { now: () => db.clock.now - 10_000 });
    const { kid } = await first('token');
    expect((await behind.ringFor('token')).signing('token', db.clock.now).map((key) => key.kid)).toEqual([kid]);
    const next = await db.signingKeys.rotate('token', 0);
    db.clock.now += 2_000;
    await behind.ringFor('token');
    expect(await kidsSigning('token')).toEqual([next.kid]);
  });

  it('are answered without a promise once they were read', async () => {
    await db.signingKeys.ringFor('signal');
    expect(db.signingKeys.ringFor('signal')).not.toBeInstanceOf(Promise);
    expect(db.signingKeys.ring()).not.toBeInstanceOf(Promise);
  });

  it('stand in the database sealed, and open under their own id only', async () => {
    const { kid, privateKey } = await first('token');
    const { d } = privateKey.export({ format: 'jwk' });
    const rows = await db.dataSource.query<{ sealed: string }[]>('SELECT * FROM signpost_signing_key');
    expect(JSON.stringify(rows)).not.toContain(d);
    const sealed = rows[0]?.sealed ?? '';
    expect(db.sealer.open(sealed, `${kid}/signing-key`)).toContain(d);
    expect(() => db.sealer.open(sealed, 'another/signing-key')).toThrow(expect.objectContaining({ reason: 'damaged' }));
  });

  it('stop the start under another master key', async () => {
    await first('token');
    const other = new SigningKeys(db.dataSource, new Sealer(Buffer.alloc(32, 9).toString('base64')), {});
    await expect(other.onModuleInit()).rejects.toMatchObject({ code: 'unseal_failed', reason: 'wrong-key' });
    await expect(db.signingKeys.onModuleInit()).resolves.toBeUndefined();
  });

  it('that are damaged are made up for by a new one, and go on verifying', async () => {
    const { kid } = await first('token');
    await db.dataSource.query(`UPDATE signpost_signing_key SET sealed = sealed || 'AAAA'`);
    const fresh = new SigningKeys(db.dataSource, db.sealer, { now: () => db.clock.now });
    await fresh.onModuleInit();
    const ring = await fresh.ringFor('token');
    expect(ring.signing('token', db.clock.now)).toHaveLength(1);
    expect(ring.signing('token', db.clock.now)[0]?.kid).not.toBe(kid);
    expect(ring.accepted('token', kid, db.clock.now)).toMatchObject({ kid, privateKey: null });
  });

  it('are published before they sign, and for the overlap after the next one signs', async () => {
    const { kid: former } = await first('signal');
    const made = await db.signingKeys.rotate('signal', DAY);
    expect(made).toMatchObject({ createdAt: START, activatesAt: START + ACTIVATION, retiresAt: null });
    expect(await kidsPublished()).toEqual([former, made.kid].toSorted());
    db.clock.now = START + ACTIVATION - 1;
    expect(await kidsSigning('signal')).toEqual([former]);
    db.clock.now = START + ACTIVATION;
    expect(await kidsSigning('signal')).toEqual([made.kid, former]);
    db.clock.now = START + ACTIVATION + DAY - 1;
    expect(await kidsSigning('signal')).toEqual([made.kid, former]);
    expect(await kidsPublished()).toEqual([former, made.kid].toSorted());
    db.clock.now = START + ACTIVATION + DAY;
    expect(await kidsSigning('signal')).toEqual([made.kid]);
    expect(await kidsPublished()).toEqual([made.kid]);
  });

  it('of tokens count for as long as a token may live, however short the overlap', async () => {
    const { kid: former } = await first('token');
    await db.signingKeys.rotate('token', 1_000);
    const accepted = async (at: number) => {
      db.clock.now = at;
      return (await db.signingKeys.ring()).accepted('token', former, at) !== undefined;
    };
    expect(await accepted(START + ACTIVATION + 10 * MINUTE - 1)).toBe(true);
    expect(await accepted(START + ACTIVATION + 10 * MINUTE)).toBe(false);
  });

  it('that leaked end at once', async () => {
    const { kid: leaked } = await first('token');
    const waiting = await db.signingKeys.rotate('token', DAY);
    const made = await db.signingKeys.rotate('token', 0);
    expect(await kidsSigning('token')).toEqual([made.kid]);
    const ring = await db.signingKeys.ring();
    for (const kid of [leaked, waiting.kid]) expect(ring.accepted('token', kid, db.clock.now)).toBeUndefined();
  });

  it('of one use are nothing to the other', async () => {
    const signal = await first('signal');
    await db.signingKeys.rotate('token', 0);
    const ring = await db.signingKeys.ring();
    expect(ring.accepted('token', signal.kid, db.clock.now)).toBeUndefined();
    expect(await kidsSigning('signal')).toEqual([signal.kid]);
  });

  it('do not pile up', async () => {
    await first('signal');
    await db.signingKeys.rotate('signal', 7 * DAY);
    await expect(db.signingKeys.rotate('signal', DAY)).rejects.toMatchObject({ code: 'conflict' });
    db.clock.now += ACTIVATION;
    await db.signingKeys.rotate('signal', 7 * DAY);
    db.clock.now += ACTIVATION;
    await expect(db.signingKeys.rotate('signal', 7 * DAY)).rejects.toMatchObject({ code: 'conflict' });
    await db.signingKeys.rotate('signal', 0);
    expect(await kidsPublished()).toHaveLength(1);
  });

  it('that are retired leave the database', async () => {
    await first('signal');
    const { kid } = await db.signingKeys.rotate('signal', HOUR);
    expect(await db.signingKeys.prune(10)).toBe(0);
    db.clock.now += ACTIVATION + HOUR;
    expect(await db.signingKeys.prune(10)).toBe(1);
    expect(await db.dataSource.query('SELECT kid FROM signpost_signing_key')).toEqual([{ kid }]);
  });

  it('that another node made or ended are known within a second', async () => {
    const node = new SigningKeys(db.dataSource, db.sealer, { now: () => db.clock.now });
    const { kid: leaked } = await first('token');
    expect((await node.ring()).accepted('token', leaked, db.clock.now)).toBeDefined();
    const { kid } = await db.signingKeys.rotate('token', 0);
    db.clock.now += 1_000;
    const ring = await node.ring();
    expect(ring.accepted('token', leaked, db.clock.now)).toBeUndefined();
    expect(ring.signing('token', db.clock.now)).toMatchObject([{ kid }]);
  });
});
