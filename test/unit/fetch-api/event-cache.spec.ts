import { describe, expect, it } from '@jest/globals';
import type { EventId } from '../../../src/protocol/ids.js';
import { EventCache, type CachedEvent } from '../../../src/producer/fetch-api/event-cache.js';

const id = (n: number) => `evt_${n}` as EventId;
const event = (bytes = 10, recordedAt = 1_000): CachedEvent => ({
  tenant: 'acme',
  type: 'invoice.paid',
  recordedAt,
  position: 1,
  dataAt: 0,
  body: 'x'.repeat(bytes / 2),
});
const all = { tenant: 'acme', types: [['*']] };

function filled(cache: EventCache, n: number, kept: CachedEvent = event()) {
  cache.put(id(n), kept, cache.ticket());
}

describe('a cached event', () => {
  it('is given to the entitled only, as decided at each look-up', () => {
    const cache = new EventCache();
    filled(cache, 1);
    expect(cache.get(id(1), all, 0)).toBeDefined();
    expect(cache.get(id(1), { tenant: 'other', types: [['*']] }, 0)).toBeUndefined();
    expect(cache.get(id(1), { tenant: 'acme', types: [['*'], ['customer.*']] }, 0)).toBeUndefined();
    expect(cache.get(id(1), { tenant: 'acme', types: [[]] }, 0)).toBeUndefined();
  });

  it('is not given once it is past retention', () => {
    const cache = new EventCache();
    filled(cache, 1, event(10, 1_000));
    expect(cache.get(id(1), all, 1_000)).toBeDefined();
    expect(cache.get(id(1), all, 1_001)).toBeUndefined();
  });

  it('is gone after delete and clear, and a read that began before does not bring it back', () => {
    const cache = new EventCache();
    const before = cache.ticket();
    filled(cache, 1);
    filled(cache, 2);
    cache.delete(id(1));
    cache.put(id(1), event(), before);
    expect(cache.get(id(1), all, 0)).toBeUndefined();
    expect(cache.get(id(2), all, 0)).toBeDefined();
    const later = cache.ticket();
    cache.clear();
    cache.put(id(2), event(), later);
    expect(cache.get(id(2), all, 0)).toBeUndefined();
  });

  it('gives way to newer ones within the bound, the least recently read first', () => {
    const cache = new EventCache(12_000);
    for (let n = 0; n < 6; n++) filled(cache, n, event(1_000));
    expect(cache.get(id(0), all, 0)).toBeDefined();
    for (let n = 6; n < 10; n++) filled(cache, n, event(1_000));
    const kept = Array.from({ length: 10 }, (_, n) => n).filter((n) => cache.get(id(n), all, 0));
    expect(kept).toContain(0);
    expect(kept).not.toContain(1);
    expect(kept.length * 1_400).toBeLessThanOrEqual(12_000);
  });

  it('is not kept if it would push out most others', () => {
    const cache = new EventCache(10_000);
    filled(cache, 1, event(5_000));
    expect(cache.get(id(1), all, 0)).toBeUndefined();
  });
});
