import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isEventType,
  isEventTypePattern,
  matchesEventType,
  patternsMatching,
} from '../../../src/protocol/event-type.js';

const identifier = fc.stringMatching(/^[a-zA-Z0-9_]{1,8}$/);
const eventType = fc.array(identifier, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
// Few letters, so that patterns and types meet often.
const closeType = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('.'));
const closePattern = fc.oneof(
  closeType,
  closeType.map((type) => `${type}.*`),
  fc.constant('*'),
);

describe('an event type', () => {
  it.each(['a', 'invoice.paid', 'Invoice_2.PAID.x', '0', '_', 'a'.repeat(128)])('may be %s', (text) => {
    expect(isEventType(text)).toBe(true);
    expect(isEventTypePattern(text)).toBe(true);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a-b',
    'a/b',
    'a\n',
    'a.b\n',
    'ä',
    'a.é',
    '*',
    'a.*',
    'a'.repeat(129),
    `${'a.'.repeat(64)}b`,
  ])('may not be %j', (text) => {
    expect(isEventType(text)).toBe(false);
  });

  it('is checked in linear time, whatever is sent', () => {
    expect(isEventType(`${'a.'.repeat(500_000)}!`)).toBe(false);
    expect(isEventTypePattern(`${'a.'.repeat(500_000)}!`)).toBe(false);
  });
});

describe('a pattern', () => {
  it.each(['*', 'invoice.*', 'a.b.c.*', `${'a'.repeat(126)}.*`])('may be %s', (text) => {
    expect(isEventTypePattern(text)).toBe(true);
  });

  it.each(['', '.*', 'a*', 'a.*.b', '*.a', '**', 'a.**', 'a..*', 'a.*\n', '* ', `${'a'.repeat(127)}.*`])(
    'may not be %j',
    (text) => {
      expect(isEventTypePattern(text)).toBe(false);
    },
  );

  it.each([
    ['*', 'invoice.paid', true],
    ['invoice.paid', 'invoice.paid', true],
    ['invoice.paid', 'invoice.paid.late', false],
    ['invoice.paid', 'Invoice.paid', false],
    ['invoice.*', 'invoice.paid', true],
    ['invoice.*', 'invoice.line.added', true],
    ['invoice.*', 'invoice', false],
    ['invoice.*', 'invoices.paid', false],
    ['invoice.line.*', 'invoice.line.added', true],
    ['invoice.line.*', 'invoice.paid', false],
    ['voice.*', 'invoice.voice.x', false],
  ])('%s admits %s: %s', (pattern, type, admitted) => {
    expect(matchesEventType([pattern], type)).toBe(admitted);
    expect(matchesEventType(['other', pattern], type)).toBe(admitted);
  });

  it('admits nothing when there is none', () => {
    expect(matchesEventType([], 'invoice.paid')).toBe(false);
  });
});

describe('the patterns that match a type', () => {
  it('are listed, widest first', () => {
    expect(patternsMatching('a.b.c')).toEqual(['*', 'a.*', 'a.b.*', 'a.b.c']);
    expect(patternsMatching('a')).toEqual(['*', 'a']);
  });

  it('are well-formed, and each of them admits it', () => {
    fc.assert(
      fc.property(eventType, (type) => {
        for (const pattern of patternsMatching(type)) {
          expect(isEventTypePattern(pattern)).toBe(true);
          expect(matchesEventType([pattern], type)).toBe(true);
        }
      }),
    );
  });

  it('are exactly those that admit it, so that a lookup by equality finds what trying each would', () => {
    fc.assert(
      fc.property(closeType, closePattern, (type, pattern) => {
        expect(patternsMatching(type).includes(pattern)).toBe(matchesEventType([pattern], type));
      }),
      { numRuns: 2_000 },
    );
  });
});
