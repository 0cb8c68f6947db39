import { NOW_MS } from './postgres-time.js';

/**
 * The database's time, in Unix ms. Whatever nodes compare or store, they take from here: a node whose own clock is off must not wait for
 * an hour that has passed, nor take over what is not its to take.
 */
export interface DatabaseClock {
  /** The time of the statement, as an SQL expression of type bigint. */
  readonly sql: string;
  /** The time now, as far as this process knows it: exact to the time that an answer takes. */
  now(): number;
  /** An answer of the database told the time. `asked`: when it was asked, by `performance.now()`. */
  told(time: number, asked: number): void;
}

/** Follows the server between its answers by the process's monotonic clock, which no administrator sets. */
export class ServerClock implements DatabaseClock {
  readonly sql = NOW_MS;
  // Until the first answer there is nothing but the node's own clock.
  private offset = Date.now() - performance.now();

  now(): number {
    return Math.floor(performance.now() + this.offset);
  }

  told(time: number, asked: number): void {
    // The server read its clock between question and answer.
    this.offset = time - (asked + performance.now()) / 2;
  }
}

/** A clock that the host has given, as tests do: then the database goes by it as well. */
export class GivenClock implements DatabaseClock {
  constructor(readonly now: () => number) {}

  get sql(): string {
    return `${Math.floor(this.now())}::bigint`;
  }

  told(): void {
    // Nobody else sets it.
  }
}
