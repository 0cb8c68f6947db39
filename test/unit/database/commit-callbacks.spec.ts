import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { CommitCallbacks } from '../../../src/database/commit-callbacks.js';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';

let server: TestPostgres;
let dataSource: DataSource;
let commits: CommitCallbacks;
let called: string[];
beforeAll(async () => {
  server = await startPostgres();
  dataSource = await new DataSource({ type: 'postgres', url: server.url }).initialize();
  commits = new CommitCallbacks(dataSource);
});
afterAll(async () => {
  await dataSource?.destroy();
  await server?.stop();
});
beforeEach(() => {
  called = [];
});

const add = (manager: EntityManager, name: string) => commits.add(manager, () => void called.push(name));
const undone = (manager: EntityManager, work: (inner: EntityManager) => Promise<void> | void) =>
  manager
    .transaction(async (inner) => {
      await work(inner);
      throw new Error('undo');
    })
    .catch(() => undefined);

describe('callbacks after a commit, on PostgreSQL', () => {
  it('are called once the outermost transaction has committed, in order, and once', async () => {
    await dataSource.transaction(async (manager) => {
      add(manager, 'one');
      await manager.transaction((inner) => Promise.resolve(add(inner, 'two')));
      add(manager, 'three');
      expect(called).toEqual([]);
    });
    await dataSource.transaction((manager) => manager.query('SELECT 1'));
    expect(called).toEqual(['one', 'two', 'three']);
  });

  it('are not called when the transaction is rolled back', async () => {
    await undone(dataSource.manager, (manager) => add(manager, 'never'));
    expect(called).toEqual([]);
  });

  it('of a savepoint that is rolled back are not called; those around it are', async () => {
    await dataSource.transaction(async (manager) => {
      add(manager, 'before');
      await undone(manager, async (inner) => {
        add(inner, 'undone');
        // Released into what is undone around it.
        await inner.transaction((innermost) => Promise.resolve(add(innermost, 'undone as well')));
      });
      await manager.transaction(async (inner) => {
        add(inner, 'kept');
        await undone(inner, (innermost) => add(innermost, 'undone inside'));
      });
      add(manager, 'after');
    });
    expect(called).toEqual(['before', 'kept', 'after']);
  });

  it('need a transaction that is open', async () => {
    const refusal = expect.objectContaining({ code: 'NOT_IN_TRANSACTION' }) as unknown;
    const refused = (manager: EntityManager) => expect(() => add(manager, 'never')).toThrow(refusal as Error);
    refused(dataSource.manager);
    let kept = dataSource.manager;
    await dataSource.transaction((manager) => Promise.resolve(void (kept = manager)));
    refused(kept);
  });
});
