import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter } from '../../../src/producer/signal/retry-after.js';

const now = Date.UTC(1994, 10, 6, 8, 0);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    [' 30 ', 30_000],
    ['86401', 86_400_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 2_977_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 2_977_000],
    ['Sun Nov  6 08:49:37 1994', 2_977_000],
    ['Sat, 05 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 2094 08:49:37 GMT', 86_400_000],
  ])('%s is a wait of %i ms', (value, wait) => {
    expect(parseRetryAfter(value, now)).toBe(wait);
  });

  it.each([undefined, '', '-1', '1.5', '1e3', 'soon', '99999999999', '1994-11-06', 'Sun, nonsense'])(
    '%s says nothing',
    (value) => {
      expect(parseRetryAfter(value, now)).toBeNull();
    },
  );

  it('counts once when it is repeated', () => {
    expect(parseRetryAfter(['5', '10'], now)).toBe(5_000);
  });
});
