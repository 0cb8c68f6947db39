import { AsyncLocalStorage } from 'node:async_hooks';
import { OutsideTransactionError, TransactionEndedError } from './errors.js';
import type { Lease } from './lease.js';

/**
 * Which transaction the running code was started in. `run`, never `enterWith`: that leaks into the caller's frame, and
 * transactions that one loop starts would each see the one before.
 */
export class TransactionContext {
  readonly #storage = new AsyncLocalStorage<Lease | undefined>();

  run<T>(lease: Lease, work: () => T): T {
    return this.#storage.run(lease, work);
  }

  /** Runs what outlives the transaction that happens to start it: a loop, a callback after the commit. */
  exit<T>(work: () => T): T {
    return this.#storage.run(undefined, work);
  }

  /** Throws if waiting for a turn here would be waiting for oneself. */
  refuseOutside(label: string): void {
    const lease = this.#storage.getStore();
    if (lease && !lease.returned) throw new OutsideTransactionError(label);
  }

  /** Throws if the running code belongs to a transaction of `owner` that is over. */
  refuseEnded(owner: object, current: Lease | undefined): void {
    const lease = this.#storage.getStore();
    if (lease && lease !== current && lease.owner === owner) throw new TransactionEndedError();
  }
}
