import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { DatabaseUnavailableError, NotInTransactionError } from './errors.js';

interface Registered {
  /** How deep in savepoints it was registered. */
  depth: number;
  callback: () => void;
}

/** Calls back after the outermost transaction of a TypeORM manager has committed, on databases whose connections are not shared. */
export class CommitCallbacks {
  private readonly registered = new WeakMap<QueryRunner, Registered[]>();

  constructor(private readonly dataSource: DataSource) {
    const subscriber: EntitySubscriberInterface = {
      afterTransactionCommit: ({ queryRunner }) => this.ended(queryRunner, true),
      afterTransactionRollback: ({ queryRunner }) => this.ended(queryRunner, false),
    };
    dataSource.subscribers.push(subscriber);
  }

  /** The query runner of the manager's open transaction. @throws NotInTransactionError */
  runnerOf(manager: EntityManager): QueryRunner {
    if (manager.dataSource !== this.dataSource) {
      throw new NotInTransactionError('this manager belongs to another DataSource');
    }
    const runner = manager.queryRunner;
    if (!runner) throw new NotInTransactionError("this is the DataSource's own manager, which has no transaction");
    // TypeORM lets go of a connection that broke, and keeps the transaction's flag.
    if (runner.isTransactionActive && runner.isReleased) {
      throw new DatabaseUnavailableError("The connection of this manager's transaction broke; nothing of it was kept");
    }
    if (!runner.isTransactionActive) {
      throw new NotInTransactionError("this manager's transaction is not begun, or is over");
    }
    return runner;
  }

  /** Never called if the transaction, or the savepoint that it was registered in, is rolled back. @throws NotInTransactionError */
  add(manager: EntityManager, callback: () => void): void {
    const runner = this.runnerOf(manager);
    const list = this.registered.get(runner) ?? [];
    list.push({ depth: depthOf(runner), callback });
    this.registered.set(runner, list);
  }

  private ended(runner: QueryRunner, committed: boolean): void {
    const list = this.registered.get(runner);
    if (!list) return;
    const depth = depthOf(runner);
    if (depth > 0) {
      const kept = list.filter((entry) => entry.depth <= depth);
      // A savepoint that was released is part of what is around it.
      const inner = committed
        ? list.filter((entry) => entry.depth > depth).map(({ callback }) => ({ depth, callback }))
        : [];
      this.registered.set(runner, [...kept, ...inner]);
      return;
    }
    this.registered.delete(runner);
    if (committed) for (const { callback } of list) callback();
  }
}

function depthOf(runner: QueryRunner): number {
  return (runner as QueryRunner & { transactionDepth?: number }).transactionDepth ?? 0;
}
