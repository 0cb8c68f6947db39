import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CursorPlace, decodeCursor, encodeCursor, InvalidCursorError } from '../../../src/protocol/cursor.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const position = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(100_000),
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER),
);
const partition = fc.oneof(fc.constant(0), fc.nat(0xffff));
const place = fc.record({ partition, position });

const readOrRefuse = (text: string): CursorPlace | 'refused' => {
  try {
    return decodeCursor(text);
  } catch (error) {
    if (error instanceof InvalidCursorError) return 'refused';
    throw error;
  }
};

describe('a cursor', () => {
  it('is read as the place that it was made for', () => {
    fc.assert(
      fc.property(place, (given) => {
        expect(decodeCursor(encodeCursor(given))).toEqual(given);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same text for the same place, whenever it is made: it may stand in an ETag', () => {
    expect(encodeCursor({ partition: 3, position: 12_345 })).toBe(encodeCursor({ partition: 3, position: 12_345 }));
  });

  it('goes into a URL as it is, and into 32 characters', () => {
    fc.assert(
      fc.property(place, (given) => {
        const text = encodeCursor(given);
        expect(text.length).toBeLessThanOrEqual(32);
        expect(encodeURIComponent(text)).toBe(text);
      }),
    );
  });

  it('keeps its format from release to release: receivers store cursors for years', () => {
    expect(encodeCursor({ partition: 0, position: 0 })).toBe('AQAAAAAAAAAAANVKqKQ4s-Vn');
    expect(decodeCursor('AQAAAAAAB1vNFU01grfsaT71')).toEqual({ partition: 0, position: 123_456_789 });
  });

  it('is refused with any one character altered, at every place and to every other', () => {
    for (const given of [
      { partition: 0, position: 0 },
      { partition: 0, position: 4_711 },
      { partition: 65_535, position: Number.MAX_SAFE_INTEGER },
    ]) {
      const text = encodeCursor(given);
      const altered = [...text].flatMap((own, at) =>
        [...ALPHABET].filter((other) => other !== own).map((other) => text.slice(0, at) + other + text.slice(at + 1)),
      );
      expect(altered).toHaveLength(24 * 63);
      expect(altered.filter((other) => readOrRefuse(other) !== 'refused')).toEqual([]);
    }
  });

  it('is never read as another place, however it was altered', () => {
    const edit = fc.record({ at: fc.nat(23), character: fc.constantFrom(...ALPHABET) });
    fc.assert(
      fc.property(place, fc.array(edit, { minLength: 1, maxLength: 8 }), (given, edits) => {
        const text = encodeCursor(given);
        const letters = [...text];
        for (const { at, character } of edits) letters[at] = character;
        const altered = letters.join('');
        expect(readOrRefuse(altered)).toEqual(altered === text ? given : 'refused');
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never made of two others', () => {
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 23 }), (one, other, at) => {
        const [a, b] = [encodeCursor(one), encodeCursor(other)];
        const spliced = a.slice(0, at) + b.slice(at);
        const expected = spliced === a ? one : spliced === b ? other : 'refused';
        expect(readOrRefuse(spliced)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is not guessed: random text of the right form is refused', () => {
    const guesses = fc.sample(fc.uint8Array({ minLength: 18, maxLength: 18 }), 5_000).map((bytes) => {
      bytes[0] = 1;
      return Buffer.from(bytes).toString('base64url');
    });
    expect(guesses.filter((text) => readOrRefuse(text) !== 'refused')).toEqual([]);
  });

  it('is not any other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 64 }), (text) => {
        expect(readOrRefuse(text)).toBe('refused');
      }),
    );
    const good = encodeCursor({ partition: 0, position: 7 });
    for (const text of [
      '',
      'now',
      '0',
      '7',
      good.slice(1),
      good.slice(0, -1),
      `${good}=`,
      `${good}\n`,
      ` ${good}`,
      good + good,
    ]) {
      expect(readOrRefuse(text)).toBe('refused');
    }
  });

  it('has one spelling: the other base64 alphabet is refused', () => {
    const withSigns = Array.from({ length: 200 }, (_, number) =>
      encodeCursor({ partition: 0, position: number }),
    ).filter((text) => /[-_]/.test(text));
    expect(withSigns.length).toBeGreaterThan(10);
    for (const text of withSigns) expect(readOrRefuse(text.replaceAll('-', '+').replaceAll('_', '/'))).toBe('refused');
  });

  it('of another version is refused, though its check is right', () => {
    expect(readOrRefuse('AgAAAAAAAAAAB9ayuJ90ravE')).toBe('refused');
  });

  it('for position 2^53, where numbers are no longer exact, is refused, though its check is right', () => {
    expect(readOrRefuse('AQAAIAAAAAAAAJfzJ_zSvEVw')).toBe('refused');
  });

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('cannot be made for position %d', (bad) => {
    expect(() => encodeCursor({ partition: 0, position: bad })).toThrow(RangeError);
  });

  it.each([-1, 0.5, Number.NaN, 65_536])('cannot be made for partition %d', (bad) => {
    expect(() => encodeCursor({ partition: bad, position: 0 })).toThrow(RangeError);
  });

  it('that is refused has the code invalid_cursor and is not repeated in the message', () => {
    const error = (() => {
      try {
        return decodeCursor('canary');
      } catch (thrown) {
        return thrown as InvalidCursorError;
      }
    })();
    expect(error).toMatchObject({ name: 'InvalidCursorError', code: 'invalid_cursor' });
    expect((error as Error).message).not.toContain('canary');
  });
});
