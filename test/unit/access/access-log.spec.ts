import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AccessLog, type Access } from '../../../src/producer/access/access-log.js';
import type { CredentialId, ReceiverId } from '../../../src/protocol/ids.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';
import { until } from '../../support/until.js';

const RECEIVER = 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' as ReceiverId;
const OTHER = 'rcv_01kaz8fp3wfj2taq4k3bv8s5cj' as ReceiverId;
const CREDENTIAL = 'key_01kaz8fp3wfj2taq4k3bv8s5ch' as CredentialId;

const feed: Access = {
  receiver: RECEIVER,
  credential: CREDENTIAL,
  action: 'feed',
  status: 200,
  after: 0,
  through: 12,
  count: 10,
  address: '192.0.2.7',
  kind: 'token',
  identity: null,
  types: ['invoice.*'],
};
const denial: Access = { receiver: null, credential: null, action: 'other', status: 401, count: 0, address: null };

describe('the access log', () => {
  let db: Subscriptions;
  beforeEach(async () => {
    Logger.overrideLogger(false);
    db = await openSubscriptions();
  });
  afterEach(() => db.close());

  const stored = async () => {
    const [row] = await db.dataSource.query<{ n: number }[]>('SELECT count(*) AS n FROM signpost_access');
    return row?.n ?? -1;
  };

  it('keeps who read what, from where, newest first', async () => {
    db.accessLog.record(feed);
    db.clock.now += 5;
    db.accessLog.record({
      ...feed,
      action: 'batch',
      ids: ['evt_a', 'evt_b'],
      after: undefined,
      through: undefined,
      count: 1,
    });
    db.accessLog.record(denial);
    const { items, more } = await db.accessLog.list({ limit: 10 });
    expect(items).toEqual([
      {
        ...denial,
        id: '3',
        at: '2026-11-23T17:30:00.005Z',
        ids: null,
        after: null,
        through: null,
        kind: null,
        identity: null,
        types: null,
      },
      {
        ...feed,
        id: '2',
        at: '2026-11-23T17:30:00.005Z',
        action: 'batch',
        ids: ['evt_a', 'evt_b'],
        after: null,
        through: null,
        count: 1,
      },
      { ...feed, id: '1', at: '2026-11-23T17:30:00.000Z', ids: null },
    ]);
    expect(more).toBe(false);
  });

  it('is listed page by page, for one receiver or all', async () => {
    for (let n = 0; n < 6; n++) db.accessLog.record({ ...feed, receiver: n % 2 ? OTHER : RECEIVER, count: n });
    const first = await db.accessLog.list({ receiver: RECEIVER, limit: 2 });
    const second = await db.accessLog.list({ receiver: RECEIVER, limit: 2, after: first.cursor ?? '' });
    expect([...first.items, ...second.items].map(({ count }) => count)).toEqual([4, 2, 0]);
    expect([first.more, second.more]).toEqual([true, false]);
  });

  it('writes what was noted by itself, soon', async () => {
    db.accessLog.record(feed);
    expect(await stored()).toBe(0);
    await until(async () => (await stored()) === 1, 'the row');
  });

  it('writes a full batch without waiting for the time', async () => {
    // Two full batches, and a rest that is left to the timer.
    for (let n = 0; n < 2_400; n++) db.accessLog.record(feed);
    await until(async () => (await stored()) === 2_400, 'all rows');
  });

  it('is complete after a shutdown', async () => {
    for (let n = 0; n < 2_345; n++) db.accessLog.record(feed);
    await db.accessLog.beforeApplicationShutdown();
    expect(await stored()).toBe(2_345);
  });

  it('writes what was noted inside a transaction that is rolled back: the read has happened', async () => {
    const warnings: unknown[] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (message) => void warnings.push(message),
    });
    await db.dataSource
      .transaction(async () => {
        for (let n = 0; n < 1_000; n++) db.accessLog.record(feed);
        await Promise.resolve();
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    await until(async () => (await stored()) === 1_000, 'all rows');
    expect(warnings).toEqual([]);
  });

  it('loses nothing while the database refuses, in order, and says when it has no room left', async () => {
    await db.dataSource.query('ALTER TABLE signpost_access RENAME TO away');
    const log = new AccessLog(db.database, { now: () => START });
    for (let n = 0; n < 20_000; n++) {
      expect(log.full).toBe(false);
      log.record({ ...feed, count: n });
    }
    expect(log.full).toBe(true);
    // Jest loads the native driver once for several realms, so its errors need not be instances of this one's Error.
    await expect(log.flush()).rejects.toMatchObject({ code: 'SQLITE_ERROR' });
    expect(log.full).toBe(true);
    await db.dataSource.query('ALTER TABLE away RENAME TO signpost_access');
    await log.flush();
    expect(log.full).toBe(false);
    const rows = await db.dataSource.query<{ count: number }[]>(
      'SELECT event_count AS count FROM signpost_access ORDER BY ordinal',
    );
    expect(rows.map(({ count }) => count)).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  });

  it('is pruned from its old end, a bounded piece at a time', async () => {
    for (let n = 0; n < 10; n++) {
      db.clock.now = START + n;
      db.accessLog.record({ ...feed, count: n });
    }
    await db.accessLog.flush();
    expect(await db.accessLog.prune(START + 5, 3)).toBe(3);
    expect(await db.accessLog.prune(START + 5, 3)).toBe(2);
    expect(await db.accessLog.prune(START + 5, 3)).toBe(0);
    const { items } = await db.accessLog.list({ limit: 100 });
    expect(items.map(({ count }) => count)).toEqual([9, 8, 7, 6, 5]);
  });
});
