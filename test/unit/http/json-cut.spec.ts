import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pointerTo } from '../../../src/http/json-errors.js';
import { JsonCutter } from '../../../src/http/json-cut.js';
import { MAX_POINTER_TOKENS, pointerTokens } from '../../../src/http/json-pointer.js';

const cut = (text: string, ...pointers: string[]) => new JsonCutter(pointers).cut(text);

describe('cutting JSON text', () => {
  it.each<[string, string[], string, string[]]>([
    ['{"a":1,"b":2}', ['/a'], '{"b":2}', ['/a']],
    ['{"a":1,"b":2}', ['/b'], '{"a":1}', ['/b']],
    ['{"a":1,"b":2,"c":3}', ['/b'], '{"a":1,"c":3}', ['/b']],
    ['{"a":1,"b":2,"c":3}', ['/c', '/a'], '{"b":2}', ['/c', '/a']],
    ['{"a":1,"b":2,"c":3}', ['/a', '/b', '/c'], '{}', ['/a', '/b', '/c']],
    ['{"a":1,"b":2,"c":3}', ['/b', '/c'], '{"a":1}', ['/b', '/c']],
    ['{ "a" : 1.0 ,\n "b" : 1e3 }', ['/a'], '{\n "b" : 1e3 }', ['/a']],
    ['{ "a" : 1.0 ,\n "b" : 1e3 }', ['/b'], '{ "a" : 1.0 }', ['/b']],
    ['{"a":{"b":{"c":1,"d":"\\u00e9"}}}', ['/a/b/c'], '{"a":{"b":{"d":"\\u00e9"}}}', ['/a/b/c']],
    ['{"a":1}', ['/b', '/a/b', '/a/0'], '{"a":1}', []],
  ])('%s without %j', (text, pointers, rest, found) => {
    expect(cut(text, ...pointers)).toEqual({ text: rest, cut: found });
  });

  it('the whole becomes null', () => {
    expect(cut('{"a":1}', '', '/a')).toEqual({ text: 'null', cut: [''] });
  });

  it('an element of an array becomes null, so that the others keep their places', () => {
    expect(cut('[ 1 , [2], 3]', '/1')).toEqual({ text: '[ 1 , null, 3]', cut: ['/1'] });
    expect(cut('[1]', '/01', '/-', '/1', '/1e0')).toEqual({ text: '[1]', cut: [] });
    expect(cut('{"0":1,"1":[1]}', '/0')).toEqual({ text: '{"1":[1]}', cut: ['/0'] });
  });

  it('a star stands for each member and each element, and is listed as it was declared', () => {
    const text = '{"people":[{"name":"A","n":1},{"n":2},{"name":"B"}],"by":{"x@y":{"name":"C","k":0}}}';
    expect(cut(text, '/people/*/name', '/by/*')).toEqual({
      text: '{"people":[{"n":1},{"n":2},{}],"by":{}}',
      cut: ['/people/*/name', '/by/*'],
    });
    expect(cut('[1,{"a":2}]', '/*')).toEqual({ text: '[null,null]', cut: ['/*'] });
    expect(cut('{"a":1,"b":{"a":2,"c":3}}', '/*/a', '/a')).toEqual({ text: '{"b":{"c":3}}', cut: ['/*/a', '/a'] });
  });

  it('what lies inside something that is cut is not listed by itself', () => {
    expect(cut('{"a":{"b":1},"c":{"b":1}}', '/a/b', '/a', '/c/b')).toEqual({
      text: '{"c":{}}',
      cut: ['/a', '/c/b'],
    });
  });

  it('a member that stands there twice, or is spelt with escapes, goes each time', () => {
    expect(cut('{"a":1,"b":2,"\\u0061":3,"a":[4]}', '/a')).toEqual({ text: '{"b":2}', cut: ['/a'] });
    expect(cut('{"a/b":1,"m~n":2,"":3,"\\"":4,"*":5}', '/a~1b', '/m~0n', '/', '/"').text).toBe('{"*":5}');
    expect(cut('{"__proto__":{"a":1},"constructor":2}', '/__proto__/a').text).toBe('{"__proto__":{},"constructor":2}');
  });

  it('text that is nested deeper than a request may be is no hindrance', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(cut(`{"deep":${deep},"a":1}`, '/a').text).toBe(`{"deep":${deep}}`);
    expect(cut(`{"deep":${deep},"a":1}`, '/deep').text).toBe('{"a":1}');
  });

  it('text that is cut off is refused, not served', () => {
    for (const text of ['{"a":1,"b":[', '{"a":"x', '{"a"', '{"b":{"c":1}']) expect(() => cut(text, '/a')).toThrow();
  });

  it('gives what parsing, deleting and writing again gives, for any JSON and any pointers', () => {
    fc.assert(
      fc.property(documents, ({ text, pointers }) => {
        const result = cut(text, ...pointers);
        const { rest, met } = reference(JSON.parse(text), pointers);
        expect(JSON.parse(result.text)).toEqual(rest);
        expect(result.cut).toEqual(pointers.filter((pointer) => met.has(pointer)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves every other byte as it was, and no byte of what is cut', () => {
    fc.assert(
      fc.property(documents, ({ text, pointers, space }) => {
        const marked = mark(JSON.parse(text), pointers);
        const result = cut(JSON.stringify(marked, null, space), ...pointers);
        expect(result.text).not.toContain(CANARY);
        expect(isSubsequence(result.text.replaceAll('null', ''), JSON.stringify(marked, null, space))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a JSON pointer', () => {
  it.each(['a', '/~', '/~2', '/a~', '#/a', `/${'a/'.repeat(MAX_POINTER_TOKENS)}`, `/${'a'.repeat(1_024)}`])(
    '%j is none, or too long',
    (text) => expect(pointerTokens(text)).toBeUndefined(),
  );

  it('is unescaped once', () => {
    expect(pointerTokens('/a~1b/m~0n/~01/')).toEqual(['a/b', 'm~n', '~1', '']);
  });
});

const CANARY = 'canary-3f9a';
type Json = unknown;

/** Few names, so that pointers meet something; written with and without white space. */
const name = fc.constantFrom<string[]>('a', 'b', '0', '1', '', 'a/b', 'm~n', '"', 'é', '*');
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1.5, 1e21, 'text', '", } ]', '\\'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  ),
})).value;
const pointer = fc
  .array(name, { maxLength: 4 })
  .map((tokens) => tokens.reduce((parent, token) => (token === '*' ? `${parent}/*` : pointerTo(parent, token)), ''));
const documents = fc
  .tuple(json, fc.uniqueArray(pointer, { maxLength: 6 }), fc.constantFrom('', ' ', '\t'))
  .map(([value, pointers, space]) => ({ text: JSON.stringify(value, null, space), pointers, space }));

/** What the pointers mean, over parsed values. */
function reference(value: Json, pointers: readonly string[]): { rest: Json; met: Set<string> } {
  const met = new Set<string>();
  const reached = (at: string[], below: string[][]) =>
    pointers.filter((_, index) => {
      const tokens = below[index] ?? [];
      return tokens.length === at.length && tokens.every((token, n) => token === '*' || token === at[n]);
    });
  const tokens = pointers.map((text) => pointerTokens(text) ?? []);
  const walk = (given: Json, at: string[]): Json => {
    const found = reached(at, tokens);
    for (const hit of found) met.add(hit);
    if (found.length > 0) return undefined;
    if (Array.isArray(given)) return given.map((item, index) => walk(item, [...at, String(index)]) ?? null);
    if (typeof given !== 'object' || given === null) return given;
    return Object.fromEntries(
      Object.entries(given).flatMap(([key, item]) => {
        const kept = walk(item, [...at, key]);
        return kept === undefined ? [] : [[key, kept]];
      }),
    );
  };
  return { rest: walk(value, []) ?? null, met };
}

/** The value with a canary in whatever the pointers reach. */
function mark(value: Json, pointers: readonly string[]): Json {
  const tokens = pointers.map((text) => pointerTokens(text) ?? []);
  const walk = (given: Json, at: string[]): Json => {
    const reached = tokens.some(
      (wanted) => wanted.length === at.length && wanted.every((token, n) => token === '*' || token === at[n]),
    );
    if (reached) return { [CANARY]: [CANARY, given] };
    if (Array.isArray(given)) return given.map((item, index) => walk(item, [...at, String(index)]));
    if (typeof given !== 'object' || given === null) return given;
    return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, walk(item, [...at, key])]));
  };
  return walk(value, []);
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (character === part[at]) at++;
  return at === part.length;
}
