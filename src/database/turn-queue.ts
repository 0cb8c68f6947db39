import type { Database, SqliteConnection } from './connection.js';
import {
  DatabaseReopeningError,
  namedDatabaseError,
  SqliteTurnsClosedError,
  TurnTimeoutError,
  type TurnHolder,
} from './errors.js';
import { Fifo } from './fifo.js';
import { Lease } from './lease.js';
import { lockPauseMs, pause, untilUnlocked } from './lock-retry.js';
import type { TurnSettings } from './options.js';
import { commitSteps, type StepRequest } from './step-group.js';

interface Waiter extends StepRequest {
  /** A host unit is given a lease; engine work is done at once when its turn comes. */
  readonly kind: 'lease' | 'step' | 'read';
  readonly since: number;
  readonly durable: boolean;
}

interface Holder {
  holder(now: number): TurnHolder;
}

/**
 * The turns on the one connection, first come, first served. A host unit is asynchronous and gets a lease; engine work
 * is synchronous and is done within one turn. Engine work starts in a `setImmediate`: that runs right after the poll
 * phase, in which Node has read every socket that was ready, so all requests that arrived together share one COMMIT,
 * while on an idle machine it costs microseconds.
 */
export class TurnQueue {
  readonly #waiting = new Fifo<Waiter>();
  #holder: Holder | undefined;
  #engineTurn: NodeJS.Immediate | undefined;
  #reopening = false;
  #deadline: { timer: unknown } | undefined;
  #ended = false;

  constructor(
    private readonly connection: SqliteConnection,
    private readonly settings: TurnSettings,
  ) {}

  get reopening(): boolean {
    return this.#reopening;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  holder(): TurnHolder | null {
    return this.#holder?.holder(this.settings.clock.now()) ?? null;
  }

  /** No transaction is open, so a read sees committed rows only. */
  get readable(): boolean {
    return !this.#reopening && !this.#ended && !this.connection.inTransaction;
  }

  async lease(label: string, owner: object, origin?: Error): Promise<Lease> {
    const grant = (): Lease => {
      const lease = new Lease(label, this.settings.clock.now(), owner, origin);
      this.#holder = lease;
      return lease;
    };
    if (!this.#holder && !this.#reopening && !this.#ended && this.#waiting.size === 0) return grant();
    return this.#enqueue('lease', label, grant);
  }

  step<T>(label: string, work: (db: Database) => T, durable = true): Promise<T> {
    return this.#enqueue('step', label, work, durable);
  }

  read<T>(label: string, work: (db: Database) => T): Promise<T> {
    return this.#enqueue('read', label, work);
  }

  /** Ends a host unit's turn, rolling back what it left open. */
  giveBack(lease: Lease): void {
    if (lease.returned) return;
    lease.returned = true;
    lease.close();
    this.#free();
  }

  /** The connection is being closed for good: who waits is told so. */
  end(): void {
    this.#ended = true;
    for (let waiter = this.#waiting.shift(); waiter; waiter = this.#waiting.shift()) {
      waiter.reject(new SqliteTurnsClosedError(waiter.label));
    }
    this.#advance();
  }

  #enqueue<T>(kind: Waiter['kind'], label: string, work: (db: Database) => T, durable = true): Promise<T> {
    if (this.#ended) return Promise.reject(new SqliteTurnsClosedError(label));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ kind, label, work, resolve, reject, since: this.settings.clock.now(), durable });
      this.#advance();
    });
  }

  /** Gives the next turn, if there is one to give. */
  #advance(): void {
    this.#watchDeadline();
    if (this.#holder || this.#reopening || this.#engineTurn) return;
    const next = this.#waiting.peek();
    if (!next) return;
    if (next.kind === 'lease') {
      this.#waiting.shift();
      next.resolve(next.work(this.connection.db) as never);
      this.#watchDeadline();
    } else {
      this.#engineTurn = setImmediate(() => {
        this.#engineTurn = undefined;
        this.#runEngineTurn();
      });
    }
  }

  #runEngineTurn(): void {
    // Waiters may have given up meanwhile, and a host unit may have found the queue empty.
    if (this.#holder || this.#reopening || this.#ended) return;
    const steps: Waiter[] = [];
    for (let next = this.#waiting.peek(); next && next.kind !== 'lease'; next = this.#waiting.peek()) {
      if (steps.length >= this.settings.maxGroupSteps) break;
      this.#waiting.shift();
      // Reads go first: whoever waits for a read must not wait for a group's fsync, and a read between two steps
      // must not split the group.
      if (next.kind === 'step') steps.push(next);
      else this.#runRead(next);
    }
    if (!this.connection.clean()) this.#waiting.unshift(steps.splice(0));
    if (steps[0]) this.#runSteps(steps, steps[0]);
    else this.#free();
  }

  #runRead(read: Waiter): void {
    try {
      read.resolve(read.work(this.connection.db) as never);
    } catch (error) {
      read.reject(namedDatabaseError(error));
    }
  }

  #runSteps(steps: Waiter[], first: Waiter): void {
    try {
      this.#begin(steps);
    } catch {
      void this.#runStepsWhenUnlocked(steps, first);
      return;
    }
    this.#waiting.unshift(commitSteps(this.connection, steps, this.settings));
    this.#free();
  }

  /** One that must be durable makes its whole group so. */
  #begin(steps: readonly Waiter[]): void {
    this.connection.begin({ durable: steps.some(({ durable }) => durable) });
  }

  /** Another process holds the file (or BEGIN fails for good): waits without blocking, in the steps' place. */
  async #runStepsWhenUnlocked(steps: Waiter[], first: Waiter): Promise<void> {
    this.#holder = new Lease(`engine: ${first.label}`, this.settings.clock.now(), this);
    try {
      await untilUnlocked(this.settings, () => this.#begin(steps));
      this.#waiting.unshift(commitSteps(this.connection, steps, this.settings));
    } catch (error) {
      for (const step of steps) step.reject(namedDatabaseError(error));
    }
    this.#free();
  }

  #free(): void {
    this.#holder = undefined;
    if (this.#ended || this.connection.clean()) this.#advance();
    else void this.#reopen();
  }

  async #reopen(): Promise<void> {
    if (this.#reopening) return;
    this.#reopening = true;
    for (let tries = 0; !this.#ended; tries++) {
      try {
        await this.connection.reopen();
        break;
      } catch {
        await pause(this.settings, lockPauseMs(tries, this.settings.random));
      }
    }
    this.#reopening = false;
    this.#advance();
  }

  /** One timer for all: the time allowed is the same for everybody, so the head's turn to give up comes first. */
  #watchDeadline(): void {
    const head = this.#waiting.peek();
    if (!head && this.#deadline) {
      this.settings.clock.clearTimeout(this.#deadline.timer);
      this.#deadline = undefined;
    }
    if (!head || this.#deadline) return;
    const left = head.since + this.settings.turnTimeoutMs - this.settings.clock.now();
    this.#deadline = { timer: this.settings.clock.setTimeout(() => this.#expire(), Math.max(left, 0)) };
  }

  #expire(): void {
    this.#deadline = undefined;
    const now = this.settings.clock.now();
    for (let head = this.#waiting.peek(); head; head = this.#waiting.peek()) {
      const waited = now - head.since;
      // Timers may fire a fraction of a millisecond early.
      if (waited < this.settings.turnTimeoutMs - 1) break;
      this.#waiting.shift();
      head.reject(
        this.#reopening
          ? new DatabaseReopeningError(`"${head.label}" waited ${Math.round(waited)} ms for the connection to reopen`)
          : new TurnTimeoutError(head.label, waited, this.holder()),
      );
    }
    this.#advance();
  }
}
