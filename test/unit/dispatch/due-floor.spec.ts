import { beforeEach, describe, expect, it } from '@jest/globals';
import { DueFloor } from '../../../src/producer/dispatch/due-floor.js';

let elapsed: number;
let floor: DueFloor;
beforeEach(() => {
  elapsed = 0;
  floor = new DueFloor(() => elapsed);
});

/** A claim at a time of the database; `first`: the earliest due time that it got. */
const claim = (now: number, first: number | undefined, all: boolean, took = 0) => {
  const from = floor.next();
  elapsed += took;
  floor.claimed(first, now, all);
  return from;
};

describe('the due time from which a claim looks', () => {
  it('begins with everything, and follows the time once nothing due was left', () => {
    expect(claim(100_000, 40_000, true)).toBe(0);
    expect(claim(101_000, undefined, true)).toBe(95_000);
    expect(floor.current).toBe(96_000);
  });

  it('stays before what was claimed while more is due', () => {
    claim(100_000, 40_000, false);
    expect(floor.current).toBe(39_999);
    claim(100_000, 60_000, false);
    expect(floor.current).toBe(59_999);
  });

  it('is set aside every now and then', () => {
    claim(100_000, undefined, true);
    elapsed += 4_999;
    expect(claim(105_000, undefined, true)).toBe(95_000);
    elapsed += 1;
    expect(claim(105_000, undefined, true)).toBe(0);
  });

  it('is set aside less often when looking at everything takes long, also when it fails', () => {
    claim(100_000, undefined, true, 1_000);
    elapsed += 18_999;
    expect(claim(119_000, undefined, true)).not.toBe(0);
    elapsed += 1;
    expect(floor.next()).toBe(0);
    // That one failed after two seconds.
    elapsed += 2_000;
    expect(floor.next()).not.toBe(0);
    elapsed += 37_999;
    expect(floor.next()).not.toBe(0);
    elapsed += 1;
    expect(floor.next()).toBe(0);
  });

  it('follows a clock of the database that went back', () => {
    claim(100_000, undefined, true);
    claim(50_000, undefined, true);
    expect(floor.current).toBe(45_000);
  });
});
