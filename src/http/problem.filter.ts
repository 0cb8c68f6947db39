import { Catch, Inject, Injectable, Logger, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { answerProblem } from './answer-problem.js';
import { problemOfError } from './problem-of-error.js';
import { isAnswered, rawResponse } from './reply.js';

/** Says of an error whether the same request may succeed a moment later (a locked or full database). */
export type IsUnavailable = (error: unknown) => boolean;

/** Injection token of an `IsUnavailable`; without it every unknown error is `internal`. */
export const IS_UNAVAILABLE = Symbol('IS_UNAVAILABLE');

/**
 * Answers every error as `application/problem+json` (RFC 9457), on Express and on Fastify. Bound on Signpost's controllers;
 * a host that wants its whole application to answer like this also binds one with `app.useGlobalFilters`.
 */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Signpost');

  constructor(@Optional() @Inject(IS_UNAVAILABLE) private readonly isUnavailable: IsUnavailable = () => false) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const exception = problemOfError(error, this.isUnavailable);
    const status = exception.getStatus();
    if (status >= 500) this.log(exception.cause ?? error);

    const response = host.switchToHttp().getResponse<unknown>();
    if (isAnswered(response)) {
      // Half an answer cannot be mended; cutting it off tells the client that it is incomplete.
      const raw = rawResponse(response);
      if (raw.headersSent && !raw.writableEnded) raw.destroy();
      return;
    }
    answerProblem(response, exception);
  }

  /** Only name, message and stack: fields of database errors hold bound values, payloads among them. */
  private log(error: unknown): void {
    if (error instanceof Error) this.logger.error(error.message, error.stack);
    else this.logger.error(`A ${typeof error} was thrown instead of an Error`);
  }
}
