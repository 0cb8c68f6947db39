import type { Database, SqliteConnection } from './connection.js';
import { namedDatabaseError, TransactionLostError } from './errors.js';
import type { TurnSettings } from './options.js';

/** An engine step that waits for its turn, with the two ends of its promise. */
export interface StepRequest {
  readonly label: string;
  readonly work: (db: Database) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Done {
  readonly step: StepRequest;
  readonly value: unknown;
}

/**
 * Runs steps in the transaction that the caller has begun, and commits it: one fsync for all of them. Promises settle
 * after the COMMIT only. Each step has a savepoint of its own, so a step that throws is rolled back and rejected alone;
 * a lone step needs none. Returns the steps that did not run because time was up or the transaction was lost.
 */
export function commitSteps<S extends StepRequest>(
  connection: SqliteConnection,
  steps: readonly S[],
  settings: TurnSettings,
): S[] {
  const { clock, maxGroupMs } = settings;
  const started = clock.now();
  const done: Done[] = [];
  const lone = steps.length === 1;
  let ran = 0;
  for (const step of steps) {
    ran++;
    try {
      if (!lone) connection.run('SAVEPOINT signpost_step');
      const value = step.work(connection.db);
      if (isThenable(value)) throw new TypeError(`Engine step "${step.label}" must be synchronous`);
      if (!connection.inTransaction) throw new Error(`Engine step "${step.label}" ended its transaction`);
      if (!lone) connection.run('RELEASE signpost_step');
      done.push({ step, value });
    } catch (error) {
      step.reject(namedDatabaseError(error));
      if (lone || !undoStep(connection)) {
        // SQLite rolled everything back (full disk, broken I/O), or the step cannot be taken out of the group.
        connection.clean();
        for (const { step: earlier } of done) earlier.reject(new TransactionLostError(error));
        return steps.slice(ran);
      }
    }
    if (clock.now() - started >= maxGroupMs) break;
  }
  try {
    connection.run('COMMIT');
    for (const { step, value } of done) step.resolve(value as never);
  } catch (error) {
    connection.clean();
    for (const { step } of done) step.reject(namedDatabaseError(error));
  }
  return steps.slice(ran);
}

function undoStep(connection: SqliteConnection): boolean {
  if (!connection.inTransaction) return false;
  try {
    connection.run('ROLLBACK TO signpost_step');
    connection.run('RELEASE signpost_step');
    return true;
  } catch {
    return false;
  }
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
