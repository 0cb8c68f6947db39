import type { DataSource, EntityManager } from 'typeorm';
import { type BetterSqliteDriver, configure, SqliteConnection } from './connection.js';
import { checkDriver, checkInstallable, checkJournal, checkRunner } from './install-checks.js';
import type { Lease } from './lease.js';
import { type SqliteTurnsOptions, turnSettings } from './options.js';
import { SqliteTurns } from './sqlite-turns.js';
import { TransactionContext } from './transaction-context.js';
import { type RunnerSurroundings, type SqliteRunner, turnQueryRunnerClass } from './turn-query-runner.js';
import { TurnQueue } from './turn-queue.js';

const installed = new WeakMap<DataSource, SqliteTurns>();

/**
 * Makes a better-sqlite3 DataSource sound for overlapping work: every caller gets a query runner of its own, and units
 * of work take turns on the one connection. Plain TypeORM hands every caller the same runner, so transactions that
 * overlap share one BEGIN and one COMMIT, and acknowledged writes are lost.
 *
 * Install once the DataSource is initialized and before it is used concurrently; further calls return the same turns,
 * and their options are ignored. Query runners made before are released. Ends with `dataSource.destroy()`.
 *
 * @throws SqliteTurnsInstallError if this DataSource cannot be made sound; the message says what to change
 */
export function installSqliteTurns(dataSource: DataSource, options?: SqliteTurnsOptions): SqliteTurns {
  const present = installed.get(dataSource);
  if (present) return present;
  checkInstallable(dataSource);
  const driver = checkDriver(dataSource.driver);
  checkJournal(driver.databaseConnection, () => configure(driver.databaseConnection));

  const connection = new SqliteConnection(driver);
  const settings = turnSettings(options);
  const context = new TransactionContext();
  const queue = new TurnQueue(connection, settings);
  const leases = new WeakMap<object, Lease>();
  const committed = (callbacks: readonly (() => void)[]): void => {
    for (const callback of callbacks) {
      try {
        context.exit(callback);
      } catch (error) {
        // The commit stands; neither the host's transaction nor the other callbacks may fail of it.
        dataSource.logger.log('warn', `An after-commit callback failed: ${String(error)}`);
      }
    }
  };
  const restoreRunners = giveEachCallerARunner(driver, { connection, queue, context, settings, leases, committed });
  const restoreManagers = followTransactions(dataSource, context, leases);

  const disconnect = driver.disconnect;
  driver.disconnect = async () => {
    queue.end();
    installed.delete(dataSource);
    restoreRunners();
    restoreManagers();
    driver.disconnect = disconnect;
    await disconnect.call(driver);
  };

  const turns = new SqliteTurns(dataSource, connection, queue, context, leases);
  installed.set(dataSource, turns);
  return turns;
}

function giveEachCallerARunner(driver: BetterSqliteDriver, around: RunnerSurroundings): () => void {
  const createQueryRunner = driver.createQueryRunner;
  const sample = checkRunner(createQueryRunner.call(driver, 'master'));
  const Runner = turnQueryRunnerClass(sample, around);
  // The runner that all shared until now; who still has it is told by TypeORM's own "already released" error.
  (sample as SqliteRunner).isReleased = true;
  driver.queryRunner = undefined;
  driver.createQueryRunner = () => new Runner(driver);
  return () => {
    driver.createQueryRunner = createQueryRunner;
  };
}

/** Lets the callback of every manager's `transaction` know the transaction it runs in. */
function followTransactions(
  dataSource: DataSource,
  context: TransactionContext,
  leases: WeakMap<object, Lease>,
): () => void {
  type Callback = (manager: EntityManager) => Promise<unknown>;

  const follow = (manager: EntityManager): EntityManager => {
    const transaction = manager.transaction as (...args: unknown[]) => Promise<unknown>;
    const followed = (...args: unknown[]): Promise<unknown> => {
      const inContext = args.map((arg) => {
        if (typeof arg !== 'function') return arg;
        return (inner: EntityManager) => {
          const lease = inner.queryRunner && leases.get(inner.queryRunner);
          return lease ? context.run(lease, () => (arg as Callback)(inner)) : (arg as Callback)(inner);
        };
      });
      return transaction.apply(manager, inContext);
    };
    Object.defineProperty(manager, 'transaction', { value: followed, writable: true, configurable: true });
    return manager;
  };

  const createEntityManager = dataSource.createEntityManager;
  const own = dataSource.manager;
  follow(own);
  dataSource.createEntityManager = (runner) => follow(createEntityManager.call(dataSource, runner));
  return () => {
    Reflect.deleteProperty(own, 'transaction');
    dataSource.createEntityManager = createEntityManager;
  };
}
