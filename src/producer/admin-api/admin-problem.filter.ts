import { Catch, Inject, Injectable, Optional, type ArgumentsHost } from '@nestjs/common';
import { invalidListCursor } from '../../http/list-cursor.js';
import { ProblemException } from '../../http/problem-exception.js';
import { IS_UNAVAILABLE, ProblemFilter, type IsUnavailable } from '../../http/problem.filter.js';
import { InvalidCursorError } from '../../protocol/cursor.js';
import { InvalidPublicKeyError } from '../access/public-jwk.js';
import { endpointProblem } from '../endpoint-api/endpoint-problem.js';
import { IdempotencyConflictError } from '../log/errors.js';
import { InvalidEventError } from '../publish/event-input.js';

/** Puts the refusals of the steps behind this API into a client's terms. Anything else stays what it is. */
export function adminProblem(error: unknown): unknown {
  const cause = error;
  if (error instanceof IdempotencyConflictError) {
    return new ProblemException('idempotency_conflict', error.message, { cause });
  }
  if (error instanceof InvalidCursorError) return invalidListCursor(error);
  if (error instanceof InvalidEventError) {
    const errors = [{ pointer: error.pointer, message: error.message }];
    return new ProblemException('invalid_request', undefined, { errors, cause });
  }
  if (error instanceof InvalidPublicKeyError) {
    const errors = [{ pointer: `/jwks${error.pointer}`, message: error.message }];
    return new ProblemException('invalid_request', undefined, { errors, cause });
  }
  return endpointProblem(error);
}

/** The filter of the admin API's controllers. */
@Catch()
@Injectable()
export class AdminProblemFilter extends ProblemFilter {
  constructor(@Optional() @Inject(IS_UNAVAILABLE) isUnavailable?: IsUnavailable) {
    super(isUnavailable);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    super.catch(adminProblem(error), host);
  }
}
