import type { Lease } from './lease.js';
import type { TransactionContext } from './transaction-context.js';

/** TypeORM's event broadcaster of one query runner: a `broadcast<Name>Event` method for each event. */
export interface RunnerBroadcaster {
  broadcast(event: string): Promise<void>;
}

export type BroadcasterClass = new (runner: object) => RunnerBroadcaster;

/**
 * Runs subscribers and entity listeners in the context of the transaction that they are called in. `repository.save()`
 * opens a transaction of its own and awaits them; one that uses an injected repository would wait for that
 * transaction, which waits for it.
 */
export function broadcasterClass(
  sample: RunnerBroadcaster,
  around: { readonly context: TransactionContext; readonly leases: WeakMap<object, Lease> },
): BroadcasterClass {
  const Base = sample.constructor as BroadcasterClass;
  const owners = new WeakMap<object, object>();
  class TurnBroadcaster extends Base {
    constructor(runner: object) {
      super(runner);
      owners.set(this, runner);
    }
  }
  for (const name of Object.getOwnPropertyNames(Base.prototype)) {
    const original: unknown = Reflect.get(Base.prototype, name);
    if (!/^broadcast\w+Event$/.test(name) || typeof original !== 'function') continue;
    const broadcast = function (this: object, ...args: unknown[]): unknown {
      const lease = around.leases.get(owners.get(this) ?? this);
      if (!lease) return Reflect.apply(original, this, args);
      return around.context.run(lease, (): unknown => Reflect.apply(original, this, args));
    };
    Object.defineProperty(TurnBroadcaster.prototype, name, { value: broadcast, writable: true, configurable: true });
  }
  return TurnBroadcaster;
}
