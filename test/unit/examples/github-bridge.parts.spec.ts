import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventType } from '../../../examples/github-bridge/delivery/event-type.js';
import { isSigned } from '../../../examples/github-bridge/delivery/hub-signature.js';
import { jsonMember, jsonParts } from '../../../examples/github-bridge/delivery/json-parts.js';
import { isEventType } from '../../../src/protocol/event-type.js';

describe('hub signatures', () => {
  it.each([
    // GitHub: "Validating webhook deliveries".
    [
      'x-hub-signature-256',
      "It's a Secret to Everybody",
      'Hello, World!',
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    ],
    // RFC 2202, section 3, test case 2; RFC 4231, section 4.3.
    ['x-hub-signature', 'Jefe', 'what do ya want for nothing?', 'sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    [
      'x-hub-signature-256',
      'Jefe',
      'what do ya want for nothing?',
      'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
  ] as const)('%s agrees with what is published (%s)', (header, secret, body, signature) => {
    const secrets = [createSecretKey('another', 'utf8'), createSecretKey(secret, 'utf8')];
    expect(isSigned(Buffer.from(body), header, signature, secrets)).toBe(true);
    expect(isSigned(Buffer.from(`${body} `), header, signature, secrets)).toBe(false);
    expect(isSigned(Buffer.from(body), header, signature, secrets.slice(0, 1))).toBe(false);
    expect(isSigned(Buffer.from(body), header, signature, [])).toBe(false);
  });
});

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
