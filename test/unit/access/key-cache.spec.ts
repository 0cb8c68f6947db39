import { describe, expect, it } from '@jest/globals';
import { KeyCache } from '../../../src/producer/access/key-cache.js';

/** A table that answers when it is told to. */
function slowTable() {
  const rows = new Map<string, string>();
  const reads: { id: string; answer: () => void; fail: () => void }[] = [];
  const clock = { now: 1_000 };
  const cache = new KeyCache<string, string>(
    (id) =>
      new Promise((resolve, reject) => {
        // The row as it was when the read began, however late the answer comes.
        const row = rows.get(id);
        reads.push({ id, answer: () => resolve(row), fail: () => reject(new Error('locked')) });
      }),
    () => clock.now,
  );
  const read = async (id: string) => {
    const pending = cache.get(id);
    reads.at(-1)?.answer();
    return pending;
  };
  return { rows, reads, clock, cache, read };
}

describe('a remembered row', () => {
  it('is answered at once, for a second since its read began', async () => {
    const { rows, reads, clock, cache, read } = slowTable();
    rows.set('a', 'one');
    expect(await read('a')).toBe('one');
    clock.now += 999;
    expect(cache.get('a')).toBe('one');
    expect(reads).toHaveLength(1);
    rows.set('a', 'two');
    clock.now += 1;
    expect(cache.get('a')).toBeInstanceOf(Promise);
    expect(reads).toHaveLength(2);
  });

  it('counts its age from before the read, however long that took', async () => {
    const { rows, reads, clock, cache } = slowTable();
    rows.set('a', 'one');
    const pending = cache.get('a');
    clock.now += 5_000;
    reads[0]?.answer();
    await pending;
    expect(cache.get('a')).toBeInstanceOf(Promise);
  });

  it('is read anew when the clock was set back', async () => {
    const { rows, clock, cache, read } = slowTable();
    rows.set('a', 'one');
    await read('a');
    clock.now -= 1;
    expect(cache.get('a')).toBeInstanceOf(Promise);
  });

  it('is read once for all that ask at the same time', async () => {
    const { rows, reads, cache } = slowTable();
    rows.set('a', 'one');
    const asked = Array.from({ length: 50 }, () => cache.get('a'));
    reads[0]?.answer();
    expect(await Promise.all(asked)).toEqual(Array(50).fill('one'));
    expect(reads).toHaveLength(1);
  });

  it('is gone at once when it is forgotten', async () => {
    const { rows, cache, read } = slowTable();
    rows.set('a', 'one').set('b', 'other');
    await read('a');
    await read('b');
    cache.forget('a');
    expect(cache.get('a')).toBeInstanceOf(Promise);
    cache.forgetWhere((row) => row === 'other');
    expect(cache.get('b')).toBeInstanceOf(Promise);
  });

  it.each([
    ['forget', (cache: KeyCache<string, string>) => cache.forget('a')],
    ['forgetWhere', (cache: KeyCache<string, string>) => cache.forgetWhere(() => false)],
  ])('never comes from a read that began before it was forgotten: %s', async (_, forget) => {
    const { rows, reads, cache } = slowTable();
    rows.set('a', 'stale');
    const early = cache.get('a');
    rows.set('a', 'fresh');
    forget(cache);
    const late = cache.get('a');
    expect(reads).toHaveLength(2);
    reads[1]?.answer();
    expect(await late).toBe('fresh');
    reads[0]?.answer();
    expect(await early).toBe('stale');
    expect(cache.get('a')).toBe('fresh');
  });

  it('is asked for again after a read that failed', async () => {
    const { rows, reads, cache, read } = slowTable();
    rows.set('a', 'one');
    const failing = cache.get('a');
    reads[0]?.fail();
    await expect(failing).rejects.toThrow('locked');
    expect(await read('a')).toBe('one');
  });
});

describe('memory', () => {
  it('holds no row for an id that does not exist', async () => {
    const { reads, cache, read } = slowTable();
    expect(await read('guess')).toBeUndefined();
    expect(cache.get('guess')).toBeInstanceOf(Promise);
    expect(reads).toHaveLength(2);
  });

  it('holds 10,000 rows and lets the oldest go', async () => {
    const { rows, cache, read } = slowTable();
    for (let n = 0; n <= 10_000; n++) {
      rows.set(`${n}`, 'row');
      await read(`${n}`);
    }
    expect(cache.get('0')).toBeInstanceOf(Promise);
    expect(cache.get('1')).toBe('row');
    expect(cache.get('10000')).toBe('row');
  });
});
