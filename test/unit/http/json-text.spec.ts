import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonRefusedError, JsonSyntaxError, pointerTo } from '../../../src/http/json-errors.js';
import { MAX_JSON_DEPTH } from '../../../src/http/json-scanner.js';
import { checkJson, readJson } from '../../../src/http/json-text.js';

const DATA_RAW = { raw: ['data'], lists: {} };

function refusal(text: string, shape = DATA_RAW) {
  try {
    readJson(text, shape);
  } catch (error) {
    if (error instanceof JsonRefusedError || error instanceof JsonSyntaxError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

function pointers(text: string): string[] {
  const error = refusal(text);
  if (!(error instanceof JsonRefusedError)) throw error;
  return error.errors.map(({ pointer }) => pointer);
}

function accepts(text: string): boolean {
  try {
    checkJson(text);
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Numbers that survive a double, so that only the grammar can be at fault. */
const tame = fc.jsonValue({ maxDepth: 5, noUnicodeString: false });

describe('the grammar of a request body', () => {
  it('is that of JSON.parse, for every JSON text', () => {
    fc.assert(
      fc.property(tame, fc.constantFrom('', ' ', '\n', '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        fc.pre(!text.includes('"__proto__"'));
        expect(readJson(text, { raw: [], lists: {} })).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is that of JSON.parse, for texts with one character changed, added or missing', () => {
    const edit = fc.constantFrom(
      ...'{}[]",:\\0123456789.eE+-truefalsn \t\n\r\u0000\u001f\u00a0\ufeff/bu'.split(''),
      '',
    );
    fc.assert(
      fc.property(tame, fc.nat(), fc.nat(2), edit, (value, at, dropped, inserted) => {
        const text = JSON.stringify(value);
        const place = at % (text.length + 1);
        const edited = text.slice(0, place) + inserted + text.slice(place + dropped);
        let accepted: boolean;
        try {
          accepted = accepts(edited);
        } catch (error) {
          // An edit may make a number that a double cannot hold: that is JSON, too.
          if (!(error instanceof JsonRefusedError)) throw error;
          accepted = true;
        }
        expect({ edited, accepted }).toEqual({ edited, accepted: parses(edited) });
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '01',
    '+1',
    '1.',
    '.5',
    '1e',
    '-',
    "'a'",
    '"\\x"',
    '"\\u12g4"',
    '"\n"',
    'nul',
    'NaN',
    '[1 2]',
    '{"a" 1}',
    '{a:1}',
    '1 2',
    '"a',
    '\ufeff{}',
  ])('refuses %j, as JSON.parse does', (text) => {
    expect(parses(text)).toBe(false);
    expect(() => checkJson(text)).toThrow(JsonSyntaxError);
  });

  it('says where the text stops being JSON', () => {
    expect(refusal('{"a": tru}')).toMatchObject({ position: 6, expected: 'a JSON value' });
    expect(refusal('{"a": "b')).toMatchObject({ position: 8, expected: 'a closing double quote' });
    expect(refusal('[1, 2')).toMatchObject({ position: 5, expected: 'a comma or ]' });
  });
});

describe('a number that a double cannot hold', () => {
  it('is reported with its pointer, wherever it stands', () => {
    const key = fc.string({ maxLength: 6 });
    const path = fc.array(fc.oneof(key, fc.nat(3)), { maxLength: 6 });
    fc.assert(
      fc.property(path, (steps) => {
        const built = steps.reduceRight<string>(
          (inner, step) =>
            typeof step === 'number'
              ? `[${'0,'.repeat(step)}${inner}]`
              : `{${JSON.stringify(`${step}!`)}: "x", ${JSON.stringify(step)}:${inner}}`,
          '9007199254740993',
        );
        const expected = steps.reduce<string>((pointer, step) => pointerTo(pointer, step), '/data');
        expect(pointers(`{"data":${built}}`)).toEqual([expected]);
      }),
    );
  });

  it('is reported with every other one, up to twenty', () => {
    expect(pointers('{"data":[1e400,1,{"a/b~":12345678901234567890}],"x":0.1000000000000000055}')).toEqual([
      '/data/0',
      '/data/2/a~1b~0',
      '/x',
    ]);
    expect(pointers(`{"data":[${Array(100).fill('1e400').join(',')}]}`)).toHaveLength(20);
  });
});

describe('a raw member', () => {
  it.each([
    '{"b":1,"a":2}',
    '1.0',
    '-0',
    '1E+2',
    '{ "__proto__" : { "x": 1 } , "constructor": 2 }',
    '"\\u00e9\\/\\ud800"',
    '[ 1 ,\n 2 ]',
    '{"a":1,"a":2}',
    'null',
    '"\u2028😀"',
  ])('keeps %s byte for byte', (payload) => {
    expect(readJson(`{"type":"a", "data" :  ${payload} ,"x":1}`, DATA_RAW)).toEqual({
      type: 'a',
      data: { text: payload },
      x: 1,
    });
  });

  it('keeps the payload of each element of a list', () => {
    const shape = { raw: [], lists: { events: DATA_RAW } };
    expect(readJson('{"events":[{"data":1.0},{"data":{"b":1, "a":[]}}]}', shape)).toEqual({
      events: [{ data: { text: '1.0' } }, { data: { text: '{"b":1, "a":[]}' } }],
    });
  });

  it('is raw at its own place only', () => {
    expect(readJson('{"x":{"data":1}}', DATA_RAW)).toEqual({ x: { data: 1 } });
  });
});

describe('outside raw members', () => {
  it('a member that stands twice is refused, however it is spelled', () => {
    expect(pointers('{"type":1,"ty\\u0070e":2}')).toEqual(['/type']);
    expect(pointers('{"data":1,"data":2}')).toEqual(['/data']);
  });

  it('__proto__ is an unknown field and never a prototype', () => {
    expect(pointers('{"__proto__":{"type":"a"}}')).toEqual(['/__proto__']);
    expect(pointers('{"x":[{"__proto__":1}]}')).toEqual(['/x/0/__proto__']);
  });
});

describe('nesting', () => {
  it(`is refused beyond ${MAX_JSON_DEPTH} levels, long before the stack ends`, () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(() => checkJson(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => checkJson(nested(MAX_JSON_DEPTH + 1))).toThrow(JsonRefusedError);
    expect(() => checkJson('['.repeat(1_000_000))).toThrow(JsonRefusedError);
  });
});
