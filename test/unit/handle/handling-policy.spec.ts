import { describe, expect, it } from '@jest/globals';
import { HandlingPolicy } from '../../../src/receiver/handle/handling-policy.js';

describe('the handling policy', () => {
  it('waits as scheduled, give or take a fifth', () => {
    const wait = (random: number, attempts: number) =>
      new HandlingPolicy([1_000, 5_000], 'hold', () => random).retried(attempts, 'x');
    expect(wait(0.5, 1)).toMatchObject({ outcome: 'retry', inMs: 1_000 });
    expect(wait(0.5, 2)).toMatchObject({ inMs: 5_000 });
    expect(wait(0, 1)).toMatchObject({ inMs: 800 });
  });

  it('gives up after the attempt that follows the last wait', () => {
    const policy = new HandlingPolicy([1, 2], 'pass', () => 0);
    expect([1, 2, 3].map((attempts) => policy.isExhausted(attempts))).toEqual([false, false, true]);
    expect(policy.parked('x')).toMatchObject({ outcome: 'parked', holds: false });
  });

  it('parks at once with an empty schedule, and holds what follows', () => {
    const policy = new HandlingPolicy([], 'hold', () => 0);
    expect(policy.isExhausted(1)).toBe(true);
    expect(policy.isExhausted(0)).toBe(false);
    expect(policy.parked('x')).toMatchObject({ holds: true });
  });
});
