import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isExactNumber } from '../../../src/http/json-number.js';

describe('a number that a double holds', () => {
  it.each([
    '0',
    '-0',
    '0.0',
    '0e999',
    '1',
    '0.1',
    '1.0',
    '1.50',
    '1e3',
    '1E+3',
    '1000e-3',
    '123456789012345',
    '9007199254740992',
    '9007199254740994',
    '9223372036854775808',
    '1e23',
    '5e-324',
    '1.7976931348623157e308',
    '0.30000000000000004',
    '100000000000000000000000',
  ])('%s is let through', (literal) => {
    expect(isExactNumber(literal)).toBe(true);
  });

  it.each([
    '9007199254740993',
    '12345678901234567890',
    '9223372036854775807',
    '-9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '0.1000000000000000055',
    '0.30000000000000001',
    '3.141592653589793238',
    '1e99999999999999999999',
  ])('%s is refused', (literal) => {
    expect(isExactNumber(literal)).toBe(false);
  });

  it('is whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => isExactNumber(JSON.stringify(value))),
      { numRuns: 2_000 },
    );
  });

  it('is an integer that the double equals, or that it is written as again', () => {
    const bound = 10n ** 20n;
    fc.assert(
      fc.property(fc.bigInt({ min: -bound, max: bound }), (value) => {
        const kept = Number(value);
        const expected = BigInt(kept) === value || BigInt(String(kept)) === value;
        expect(isExactNumber(String(value))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is decided in linear time, whatever the literal', () => {
    const zeros = '0'.repeat(500_000);
    expect(isExactNumber(`1${zeros}1`)).toBe(false);
    expect(isExactNumber(`0.${zeros}1`)).toBe(false);
    expect(isExactNumber(`1.${zeros}`)).toBe(true);
    expect(isExactNumber(`1.${zeros}1${zeros}`)).toBe(false);
  });
});
