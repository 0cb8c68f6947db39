import { describe, expect, it } from '@jest/globals';
import { type Handler, HandlerRegistry } from '../../../src/receiver/handle/handler-registry.js';

const handler = (pattern: string | null, name = `on ${pattern}`): Handler => ({
  name,
  pattern,
  transaction: true,
  run: () => undefined,
});
const registry = (...patterns: (string | null)[]) =>
  new HandlerRegistry(
    'default',
    patterns.map((p) => handler(p)),
  );

describe('the handlers of a producer', () => {
  it('gives an event to the most exact pattern', () => {
    const handlers = registry(null, 'invoice.*', 'invoice.line.*', 'invoice.paid');
    const chosen = (type: string) => handlers.handlerOf(type).pattern;
    expect(chosen('invoice.paid')).toBe('invoice.paid');
    expect(chosen('invoice.paid.late')).toBe('invoice.*');
    expect(chosen('invoice.line.added')).toBe('invoice.line.*');
    expect(chosen('invoice')).toBeNull();
    expect(chosen('invoices.paid')).toBeNull();
  });

  it('knows what the application asks for by name', () => {
    expect(registry('a.b', 'c.*', null).patterns).toEqual(['a.b', 'c.*']);
  });

  it.each(['a.b', 'a.*', null])('refuses two handlers for %s, and names both', (pattern) => {
    const twice = [handler(pattern, 'One.method'), handler(pattern, 'Other.method'), handler(null, 'Others.all')];
    expect(() => new HandlerRegistry('default', twice)).toThrow(/One\.method and Other\.method|Others\.all/);
  });

  it('does without no handler for all other types, and says what to add', () => {
    expect(() => registry('a.b')).toThrow(/@HandleOtherEvents\(\)/);
  });

  it.each(['', 'a b', '.a', 'a..b', '*.a', '*', 'a*'])('refuses %j, which names no event type', (pattern) => {
    expect(() => registry(pattern, null)).toThrow(/names no event type/);
  });
});
