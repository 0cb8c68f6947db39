import { describe, expect, it } from '@jest/globals';
import { Fifo } from '../../../src/database/fifo.js';
import { CommitCallbacks, transactionVerb, withWriteLock } from '../../../src/database/savepoints.js';

describe('what a statement does to its transaction', () => {
  it.each([
    ['BEGIN', { kind: 'begin' }],
    ['begin exclusive', { kind: 'begin' }],
    [' -- why\n /* and */ COMMIT', { kind: 'commit' }],
    ['END TRANSACTION', { kind: 'commit' }],
    ['ROLLBACK', { kind: 'rollback' }],
    ['ROLLBACK TO typeorm_1', { kind: 'rollback-to', name: 'typeorm_1' }],
    ['rollback transaction to savepoint "My Point";', { kind: 'rollback-to', name: 'my point' }],
    ['SAVEPOINT [a b]', { kind: 'savepoint', name: 'a b' }],
    ['RELEASE SAVEPOINT typeorm_2;', { kind: 'release', name: 'typeorm_2' }],
    ['RELEASE x', { kind: 'release', name: 'x' }],
    ['SELECT 1 -- COMMIT', undefined],
    ['INSERT INTO begins VALUES (1)', undefined],
    ['ENDING', undefined],
  ])('is read from %s', (sql, verb) => {
    expect(transactionVerb(sql)).toEqual(verb);
  });

  it('is made to take the write lock at BEGIN, unless the host chose how to begin', () => {
    for (const sql of ['BEGIN', 'begin transaction;', 'BEGIN DEFERRED TRANSACTION', '/* x */ BEGIN']) {
      expect(withWriteLock(sql)).toBe('BEGIN IMMEDIATE TRANSACTION');
    }
    for (const sql of ['BEGIN EXCLUSIVE', 'BEGIN IMMEDIATE', 'COMMIT', 'SELECT 1'])
      expect(withWriteLock(sql)).toBe(sql);
  });
});

describe('callbacks kept per savepoint', () => {
  it('follow SQLite: the innermost of a name counts, RELEASE keeps and ROLLBACK TO drops what is nested', () => {
    const callbacks = new CommitCallbacks();
    const called: string[] = [];
    const add = (name: string) => callbacks.add(() => called.push(name));
    add('outer');
    callbacks.apply({ kind: 'savepoint', name: 's' });
    add('s1');
    callbacks.apply({ kind: 'savepoint', name: 's' });
    add('s2');
    callbacks.apply({ kind: 'rollback-to', name: 's' });
    add('s2 again');
    callbacks.apply({ kind: 'savepoint', name: 'nested' });
    add('nested');
    callbacks.apply({ kind: 'release', name: 's' });
    callbacks.apply({ kind: 'release', name: 'unknown' });
    for (const callback of callbacks.take()) callback();
    expect(called).toEqual(['outer', 's1', 's2 again', 'nested']);
    expect(callbacks.take()).toEqual([]);
  });
});

describe('the queue', () => {
  it('gives thousands back in order, also after some were put back', () => {
    const queue = new Fifo<number>();
    for (let i = 0; i < 1_000; i++) queue.push(i);
    const taken = Array.from({ length: 300 }, () => queue.shift() ?? -1);
    queue.unshift(taken.slice(100));
    expect(queue.peek()).toBe(100);
    expect(queue.size).toBe(900);
    const rest = Array.from({ length: 900 }, () => queue.shift());
    expect([...taken.slice(0, 100), ...rest]).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    expect(queue.shift()).toBeUndefined();
    expect(queue.size).toBe(0);
  });
});
