import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TextPieces } from '../../../src/http/text-pieces.js';

function piecesOf(texts: readonly string[]): string[] {
  const pieces = new TextPieces();
  for (const text of texts) pieces.add(text);
  return pieces.all();
}

describe('a text in pieces', () => {
  it('is the texts that were added, none of them cut in two', () => {
    const texts = fc.array(fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.integer({ min: 1, max: 20_000 })));
    fc.assert(
      fc.property(texts, (parts) => {
        const added = parts.map(([text, times]) => text.repeat(Math.ceil(times / text.length)));
        let rest = added;
        for (const piece of piecesOf(added)) {
          let whole = '';
          while (whole.length < piece.length) [whole, rest] = [whole + (rest[0] ?? '!'), rest.slice(1)];
          expect(whole === piece).toBe(true);
        }
        expect(rest).toEqual([]);
      }),
    );
  });

  it('is a single piece as long as it is short, and several small ones when it is long', () => {
    expect(piecesOf(['a', 'b', 'c'])).toEqual(['abc']);
    const long = piecesOf(Array<string>(1_000).fill('x'.repeat(1_000)));
    expect(Math.max(...long.map(({ length }) => length))).toBeLessThan(64 * 1024);
  });

  it('has no piece without a text', () => {
    expect(piecesOf([])).toEqual([]);
    expect(piecesOf(['x'.repeat(64 * 1024)])).toHaveLength(1);
  });
});
