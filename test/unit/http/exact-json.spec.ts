import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertExactJson, InexactJsonError } from '../../../src/http/exact-json.js';

function refusal(value: unknown): InexactJsonError {
  try {
    assertExactJson(value);
  } catch (error) {
    if (error instanceof InexactJsonError) return error;
    throw error;
  }
  throw new Error('The value was accepted');
}

describe('a payload published in process', () => {
  it('becomes the text that JSON.stringify writes', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assertExactJson(value) === JSON.stringify(value)));
    expect(assertExactJson({ a: null, b: [null], left: undefined, at: new Date(0) })).toBe(
      '{"a":null,"b":[null],"at":"1970-01-01T00:00:00.000Z"}',
    );
  });

  it.each([
    ['undefined', undefined, ''],
    ['a function', () => 1, ''],
    ['a symbol', Symbol('x'), ''],
    ['NaN', Number.NaN, ''],
    ['a nested NaN', { a: [1, { 'b/c': Number.NaN }] }, '/a/1/b~1c'],
    ['Infinity beside a null', { n: null, a: Number.POSITIVE_INFINITY }, '/a'],
    ['a boxed NaN', { a: Object(Number.NaN) as unknown }, '/a'],
    ['a BigInt', { total: 10n }, '/total'],
    ['an invalid date', { at: new Date(Number.NaN) }, '/at'],
    ['undefined in a list', { list: [1, undefined] }, '/list/1'],
    ['NaN that a toJSON answers', { a: { toJSON: () => Number.NaN } }, '/a'],
  ])('with %s is refused with its place', (_, value, pointer) => {
    expect(refusal(value)).toMatchObject({ code: 'inexact_json', pointer });
  });

  it('that contains itself is refused with the place of the reference back', () => {
    const order: Record<string, unknown> = { id: 1 };
    order['lines'] = [{ order }];
    expect(refusal(order)).toMatchObject({ pointer: '/lines/0/order' });
  });

  it('may hold the same object twice', () => {
    const address = { city: 'Berlin', street: null };
    expect(assertExactJson({ from: address, to: address })).toContain('"to":{"city":"Berlin"');
  });

  it('keeps the cause of a toJSON that throws', () => {
    const cause = new Error('no');
    const value = {
      toJSON: () => {
        throw cause;
      },
    };
    expect(refusal(value)).toMatchObject({ pointer: '', cause });
  });
});
