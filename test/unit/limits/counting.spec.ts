import { describe, expect, it } from '@jest/globals';
import { AddressBudget } from '../../../src/producer/limits/address-budget.js';
import { KnownGood } from '../../../src/producer/limits/known-good.js';
import { MemoryRateLimiter } from '../../../src/producer/limits/memory-rate-limiter.js';
import { WindowCounts } from '../../../src/producer/limits/window-counts.js';
import { generateApiKey } from '../../../src/producer/access/api-key.js';
import { IdGenerator } from '../../../src/protocol/ids.js';

describe('counting in windows', () => {
  const clock = { now: 1_000 };
  const now = () => clock.now;

  it('a key has its quota in each window, which begins with its first request', () => {
    const limiter = new MemoryRateLimiter(2, 10_000, now);
    expect(limiter.take('a')).toEqual({ allowed: true, remaining: 1, resetMs: 10_000 });
    clock.now += 4_000;
    expect(limiter.take('a')).toEqual({ allowed: true, remaining: 0, resetMs: 6_000 });
    expect(limiter.take('a')).toEqual({ allowed: false, remaining: 0, resetMs: 6_000 });
    expect(limiter.take('b')).toMatchObject({ allowed: true, resetMs: 10_000 });
    clock.now += 5_999;
    expect(limiter.take('a')).toMatchObject({ allowed: false, resetMs: 1 });
    clock.now += 1;
    expect(limiter.take('a')).toEqual({ allowed: true, remaining: 1, resetMs: 10_000 });
  });

  it('a clock that was set back begins a new window instead of one that seems never to end', () => {
    const limiter = new MemoryRateLimiter(1, 10_000, now);
    limiter.take('a');
    clock.now -= 3_600_000;
    expect(limiter.take('a')).toMatchObject({ allowed: true, resetMs: 10_000 });
  });

  it('remembers a bounded number of keys', () => {
    const counts = new WindowCounts({ perMs: 10_000, mostKeys: 100, now });
    for (let n = 0; n < 10_000; n++) counts.add(`key ${n}`);
    const remembered = Array.from({ length: 10_000 }, (_, n) => counts.peek(`key ${n}`)).filter(Boolean);
    expect(remembered).toHaveLength(100);
  });

  it('an address draws on one budget with its /64, says when it is used up, and gets it back after a minute', () => {
    const budget = new AddressBudget(3, now);
    expect(budget.spend('2001:db8::1')).toBe(false);
    expect(budget.spend('2001:db8::2')).toBe(false);
    expect(budget.overdrawnFor('2001:db8::3')).toBe(0);
    expect(budget.spend('2001:db8::ffff:1')).toBe(true);
    expect(budget.overdrawnFor('2001:db8::4')).toBe(60_000);
    expect(budget.overdrawnFor('2001:db8:0:1::4')).toBe(0);
    clock.now += 60_000;
    expect(budget.overdrawnFor('2001:db8::4')).toBe(0);
  });

  it('without a budget nothing is overdrawn', () => {
    const budget = new AddressBudget(false, now);
    for (let n = 0; n < 10_000; n++) budget.spend(null);
    expect(budget.overdrawnFor(null)).toBe(0);
  });
});

describe('who was let in before', () => {
  const id = new IdGenerator().next('key');
  const { text } = generateApiKey('sp', id);
  const other = generateApiKey('sp', new IdGenerator().next('key')).text;
  const jwt = (claims: unknown) => `eyJ.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

  it('is known again by the key, by Basic, and by a token of its own', () => {
    const good = new KnownGood();
    const claims = [`Bearer ${text}`, `Basic ${btoa(`${id}:${text}`)}`, `Bearer ${jwt({ client_id: id })}`];
    expect(claims.map((header) => good.claimedBy(header))).toEqual([false, false, false]);
    good.remember(id, `Bearer ${text}`);
    expect(claims.map((header) => good.claimedBy(header))).toEqual([true, true, true]);
  });

  it('is known by the very token, where no credential of ours is behind it', () => {
    const good = new KnownGood();
    good.remember(null, 'Bearer of.another.issuer');
    expect(good.claimedBy('Bearer of.another.issuer')).toBe(true);
    expect(good.claimedBy('Bearer of.another.issuer2')).toBe(false);
  });

  it.each([undefined, '', 'Bearer', 'Bearer x', 'Basic !!!', `Bearer ${other}`, `Bearer ${jwt(null)}`, 'Bearer a.b.c'])(
    '%p claims nobody',
    (header) => {
      const good = new KnownGood();
      good.remember(id, `Bearer ${text}`);
      expect(good.claimedBy(header)).toBe(false);
    },
  );
});
