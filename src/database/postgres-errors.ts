import { DatabaseUnavailableError } from './errors.js';
import { isTransient, isUnavailable } from './postgres-codes.js';

/** The named error for what is wrong with the server or the way to it; everything else stays what it is. */
export function namedPostgresError(error: unknown): unknown {
  if (!isUnavailable(error) && !isTransient(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DatabaseUnavailableError(`PostgreSQL is not available: ${message}`, { cause: error });
}
