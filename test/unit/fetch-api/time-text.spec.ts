import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TimeText } from '../../../src/producer/fetch-api/time-text.js';

const LAST = 8.64e15;

describe('a time of an event', () => {
  it('has the text that a Date gives it, whatever times came before', () => {
    const near = fc.integer({ min: -200_000, max: 200_000 });
    const anywhere = fc.integer({ min: -LAST, max: LAST });
    fc.assert(
      fc.property(fc.array(fc.oneof(near, anywhere, fc.double({ min: -1e6, max: 1e6, noNaN: true }))), (times) => {
        const text = new TimeText();
        expect(times.map((at) => text.of(at))).toEqual(times.map((at) => new Date(at).toISOString()));
      }),
    );
  });

  it('that no Date can hold is refused', () => {
    expect(() => new TimeText().of(Number.NaN)).toThrow(RangeError);
    expect(() => new TimeText().of(LAST + 60_000)).toThrow(RangeError);
  });
});
