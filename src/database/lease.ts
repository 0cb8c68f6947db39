import { TransactionEndedError, TransactionLostError, type TurnHolder } from './errors.js';
import { CommitCallbacks, transactionVerb } from './savepoints.js';

/** Frames that say nothing of the host's code: TypeORM's, Node's and this folder's. */
const FOREIGN_FRAME = /node_modules[\\/]typeorm|node:internal/;
const OWN_FOLDER = new URL('.', import.meta.url).pathname;

/**
 * - `idle`: no transaction; statements commit by themselves.
 * - `begun`: the transaction is open on the connection.
 * - `lost`: SQLite rolled it back by itself; everything but a rollback is refused.
 * - `over`: committed or rolled back; what is still under way is refused, never autocommitted.
 */
export type LeaseState = 'idle' | 'begun' | 'lost' | 'over';

/**
 * One host unit of work's turn on the connection: a transaction from BEGIN to its end, or a single statement.
 * It learns of every statement at the instant that the statement runs, because between the start of a TypeORM query
 * and its SQL lie several `await`s, in which another call on the same runner may end the transaction.
 */
export class Lease {
  readonly callbacks = new CommitCallbacks();
  /** Calls under way, so that a turn is not given back between two statements that overlap. */
  inFlight = 0;
  /** Schema changes keep the turn between transactions, because foreign keys are off meanwhile. */
  holds = 0;
  /** The turn was given back. */
  returned = false;
  #state: LeaseState = 'idle';
  #lostTo: unknown;

  constructor(
    readonly label: string,
    readonly since: number,
    readonly owner: object,
    readonly origin?: Error,
  ) {}

  get state(): LeaseState {
    return this.#state;
  }

  get inTransaction(): boolean {
    return this.#state === 'begun' || this.#state === 'lost';
  }

  get canReturn(): boolean {
    return this.inFlight === 0 && this.holds === 0 && !this.inTransaction;
  }

  /** Throws unless a statement of this unit may run now; `open` is the driver's own `inTransaction`. */
  admit(open: boolean): void {
    if (this.#state === 'begun' && !open) this.#lose(this.#lostTo);
    if (this.#state === 'lost') throw new TransactionLostError(this.#lostTo);
    if (this.#state === 'over' || this.returned) throw new TransactionEndedError();
  }

  /** A statement ran. Returns the callbacks to call if it was the outermost COMMIT. */
  succeeded(sql: string, open: boolean): (() => void)[] {
    const verb = transactionVerb(sql);
    const wasBegun = this.#state === 'begun';
    if (open) {
      this.#state = 'begun';
      if (verb) this.callbacks.apply(verb);
      return [];
    }
    if (!wasBegun) return [];
    // Only COMMIT, END, ROLLBACK and RELEASE of a savepoint that began the transaction can end it and succeed.
    const committed = verb?.kind !== 'rollback';
    const callbacks = committed ? this.callbacks.take() : [];
    this.end();
    return callbacks;
  }

  failed(error: unknown, open: boolean): void {
    if (this.#state === 'begun' && !open) this.#lose(error);
  }

  /** The transaction is over. A schema change may begin another one in the same turn. */
  end(): void {
    this.callbacks.clear();
    this.#state = this.holds > 0 ? 'idle' : 'over';
  }

  /** Nothing of this unit runs any more, whatever is still under way. */
  close(): void {
    this.holds = 0;
    this.end();
  }

  holder(now: number): TurnHolder {
    return { label: this.label, sinceMs: now - this.since, beganAt: hostFrames(this.origin) };
  }

  #lose(error: unknown): void {
    this.callbacks.clear();
    this.#lostTo = error;
    this.#state = 'lost';
  }
}

/** Formatting a stack costs far more than capturing it, so it is done only for an error message. */
function hostFrames(origin: Error | undefined): string {
  const frames = (origin?.stack ?? '').split('\n').slice(1);
  return frames
    .filter((frame) => !FOREIGN_FRAME.test(frame) && !frame.includes(OWN_FOLDER))
    .slice(0, 3)
    .join('\n');
}
