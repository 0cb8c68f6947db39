import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventType } from '../../../examples/github-bridge/delivery/event-type.js';
import { jsonMember, jsonParts } from '../../../examples/github-bridge/delivery/json-parts.js';
import { isEventType } from '../../../src/protocol/event-type.js';

describe('event types', () => {
  it('are event types, whatever the words', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 90 }), { maxLength: 4 }), (words) =>
        isEventType(eventType('github', ...words)),
      ),
    );
  });

  it('have the levels of the words, not of what stands in them', () => {
    expect(eventType('github', 'a.b', undefined, null, '', 7, 'c d')).toBe('github.a_b.c_d');
    expect(eventType('github', 'x'.repeat(120), 'y')).toBe(`github.${'x'.repeat(120)}`);
  });
});

describe('parts of JSON text', () => {
  it('are the members and the items, as they stand there', () => {
    const text = ' { "a" : [1, {"b":"}]"}] ,"c\\"" :"\\\\", "d":{ },"a":-1.0e5\n} ';
    const parts = jsonParts(text);
    expect(parts.map(({ name, text }) => [name, text])).toEqual([
      ['a', '[1, {"b":"}]"}]'],
      ['c"', '"\\\\"'],
      ['d', '{ }'],
      ['a', '-1.0e5'],
    ]);
    for (const part of parts) expect(text.slice(part.start, part.end)).toBe(part.text);
    expect(jsonMember(text, 'a')?.text).toBe('-1.0e5');
    expect(jsonParts('[ ]')).toEqual([]);
  });

  it('are what JSON.parse finds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.jsonValue()),
        fc.nat(3),
        (object, list, indent) => {
          const written = (value: unknown) => JSON.stringify(value, null, indent);
          const again = jsonParts(written(object)).map(({ name, text }) => [name, JSON.parse(text) as unknown]);
          expect(again).toEqual(Object.entries(JSON.parse(written(object)) as object));
          const items = jsonParts(written(list)).map(({ text }) => JSON.parse(text) as unknown);
          expect(items).toEqual(JSON.parse(written(list)));
        },
      ),
    );
  });
});
