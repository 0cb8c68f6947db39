import type { CursorPlace } from '../../protocol/cursor.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { LogEntry, Position } from '../log/event-store.js';

/** Entries read at once; a signal lists 250 at most, the rest is for filters that skip some. */
export const WINDOW = 512;

/** A stretch of a tenant's log. */
export interface LogWindow {
  /** In log order. */
  entries: readonly LogEntry[];
  /** The log ends with the last entry. */
  end: boolean;
}

type Now<T> = T | Promise<T>;

/** What composing reads. SQLite answers at once, within the step; PostgreSQL later. */
export interface LogReads {
  /** The entries of a tenant after a position, and after what retention has removed; empty only at the end of the log. */
  window(tenant: string, partition: number, after: Position): Now<LogWindow>;
  /** Which of the positions the receiver fetched, or acked, out of order. */
  receipts(receiver: ReceiverId, positions: readonly Position[], acked: boolean): Now<ReadonlySet<Position>>;
  /** The receiver's mark: everything that its endpoints select up to here was fetched, or acked. */
  mark(receiver: ReceiverId, acked: boolean): Now<Position>;
  /** The trace of the event at a place. */
  traceparent(place: CursorPlace): Now<string | null>;
}

type Question = (reads: LogReads) => unknown;

/**
 * A computation that asks `LogReads` for what it needs and goes on with the answer. So what a signal is made of is written once, for a
 * database that answers synchronously within a step and for one that is a network away.
 */
export type Asking<T> = Generator<Question, T, unknown>;

export function* ask<T>(question: (reads: LogReads) => Now<T>): Asking<T> {
  return (yield question) as T;
}

/** For reads that answer at once; must not be given any that answer with promises. */
export function answerNow<T>(asking: Asking<T>, reads: LogReads): T {
  let step = asking.next();
  while (!step.done) step = asking.next(step.value(reads));
  return step.value;
}

export async function answerLater<T>(asking: Asking<T>, reads: LogReads): Promise<T> {
  let step = asking.next();
  while (!step.done) step = asking.next(await step.value(reads));
  return step.value;
}
