import { ProblemException } from '../../http/problem-exception.js';
import { TargetRefusedError } from '../signal/target-refused-error.js';
import { InvalidAuthError, NotFoundError, StateConflictError } from '../subscriptions/errors.js';

/** What endpoints are refused with, in a client's terms. Without the id: one of another receiver is answered as one that never was. */
export function endpointProblem(error: unknown): unknown {
  const cause = error;
  if (error instanceof NotFoundError) return new ProblemException('not_found', undefined, { cause });
  if (error instanceof StateConflictError) return new ProblemException('conflict', error.message, { cause });
  if (error instanceof TargetRefusedError) {
    const errors = [{ pointer: '/url', message: error.message }];
    return new ProblemException('invalid_request', error.message, { errors, cause });
  }
  if (error instanceof InvalidAuthError) {
    const errors = [{ pointer: error.pointer, message: error.fault }];
    return new ProblemException('invalid_request', error.message, { errors, cause });
  }
  return error;
}
