import { HttpException } from '@nestjs/common';
import { PROBLEMS, type ProblemCode, type ProblemField } from '../protocol/problem.js';

export interface ProblemExtra {
  /** The fields at fault: where each stands, and what to change. */
  errors?: readonly ProblemField[];
  /** Response headers, such as `Retry-After`. */
  headers?: Readonly<Record<string, string>>;
  /** Extension members of the problem (RFC 9457 §3.2). */
  members?: Readonly<Record<string, unknown>>;
  /** For the log; the client never sees it. */
  cause?: unknown;
}

/** An answer that is a problem (RFC 9457). `detail` goes to the client: it says what to change, never what went wrong inside. */
export class ProblemException extends HttpException {
  readonly errors: readonly ProblemField[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>> | undefined;

  constructor(
    readonly code: ProblemCode,
    readonly detail?: string,
    extra: ProblemExtra = {},
  ) {
    super(detail ?? PROBLEMS[code].title, PROBLEMS[code].status, { cause: extra.cause });
    this.errors = extra.errors;
    this.headers = extra.headers ?? {};
    this.members = extra.members;
  }
}
