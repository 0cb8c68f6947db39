import type { ProblemField } from '../../protocol/problem.js';

/** What went wrong in a call to the producer; stable, to be compared with. */
export type ClientErrorCode =
  | 'invalid_argument'
  | 'bad_request'
  | 'invalid_cursor'
  | 'unauthorized'
  | 'access_token_failed'
  | 'forbidden'
  | 'not_found'
  | 'event_gone'
  | 'cursor_expired'
  | 'too_early'
  | 'rate_limited'
  | 'unavailable'
  | 'network'
  | 'timeout'
  | 'redirect_refused'
  | 'response_too_large'
  | 'unexpected_answer'
  | 'client_closed';

/** What the answer said, where there was one. */
export interface ClientErrorDetails extends ErrorOptions {
  status?: number | undefined;
  problemType?: string | undefined;
  retryAfterMs?: number | undefined;
}

/**
 * A call to the producer failed. The message is for the log of whoever runs the program: it holds no credential and no payload, and
 * what it quotes of the producer's answer is cut short and cleared of control characters.
 */
export class SignpostClientError extends Error {
  override name = 'SignpostClientError';
  /** Status of the answer, where there was one. */
  readonly status?: number;
  /** `type` of the answer's problem (RFC 9457), such as `urn:signpost:problem:forbidden`, where it had one. */
  readonly problemType?: string;
  /** How long the producer asks to be left alone, in ms, where it said so. */
  readonly retryAfterMs?: number;

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    { status, problemType, retryAfterMs, ...options }: ClientErrorDetails = {},
  ) {
    super(message, options);
    if (status !== undefined) this.status = status;
    if (problemType !== undefined) this.problemType = problemType;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** The client was made or called with something that cannot work; nothing was sent. */
export class InvalidArgumentError extends SignpostClientError {
  override name = 'InvalidArgumentError';

  constructor(
    /** Which option or argument. */
    readonly argument: string,
    fix: string,
    options?: ErrorOptions,
  ) {
    super('invalid_argument', `${argument} ${fix}`, options);
  }
}

/** 400 and its relatives: a mistake in the program. With the code `invalid_cursor`, the cursor is none of this producer's log: ask a person. */
export class BadRequestError extends SignpostClientError {
  override name = 'BadRequestError';

  constructor(
    code: 'bad_request' | 'invalid_cursor',
    message: string,
    details: ClientErrorDetails,
    /** The fields at fault, as far as the producer names them. */
    readonly fields: readonly ProblemField[],
  ) {
    super(code, message, details);
  }
}

/** 401: the credential is missing, wrong, expired or revoked. Asking again does not help. */
export class UnauthorizedError extends SignpostClientError {
  override name = 'UnauthorizedError';

  constructor(message: string, details: ClientErrorDetails) {
    super('unauthorized', message, details);
  }
}

/** The function given as `accessToken` threw or gave no token; `cause` is what it threw. */
export class AccessTokenError extends SignpostClientError {
  override name = 'AccessTokenError';

  constructor(message: string, options?: ErrorOptions) {
    super('access_token_failed', message, options);
  }
}

/** 403: the credential lacks the scope. */
export class ForbiddenError extends SignpostClientError {
  override name = 'ForbiddenError';

  constructor(message: string, details: ClientErrorDetails) {
    super('forbidden', message, details);
  }
}

/** 404: it is not there, or it is not for this credential; one cannot tell which. */
export class NotFoundError extends SignpostClientError {
  override name = 'NotFoundError';

  constructor(message: string, details: ClientErrorDetails) {
    super('not_found', message, details);
  }
}

/** 404 for an event. */
export class EventNotFoundError extends NotFoundError {
  override name = 'EventNotFoundError';

  constructor(
    readonly id: string,
    message: string,
    details: ClientErrorDetails,
  ) {
    super(message, details);
  }
}

/** 410: the event was there, its payload is not any more. */
export class EventGoneError extends SignpostClientError {
  override name = 'EventGoneError';

  constructor(
    readonly id: string,
    /** `erased` on request, or `expired` with the retention period. */
    readonly reason: 'erased' | 'expired',
    message: string,
    details: ClientErrorDetails,
  ) {
    super('event_gone', message, details);
  }
}

/** 410: the cursor is older than the retained log, so events were missed. Find out by other means which, and go on from `oldest`. */
export class CursorExpiredError extends SignpostClientError {
  override name = 'CursorExpiredError';

  constructor(
    /** The cursor to go on from. */
    readonly oldest: string,
    message: string,
    details: ClientErrorDetails,
  ) {
    super('cursor_expired', message, details);
  }
}

/** 425, again and again: the producer cannot see the change yet that the event tells of. Wait for `retryAfterMs`, or take the event as it is. */
export class TooEarlyError extends SignpostClientError {
  override name = 'TooEarlyError';

  constructor(message: string, details: ClientErrorDetails) {
    super('too_early', message, details);
  }
}

/** 429, again and again. Wait for `retryAfterMs`. */
export class RateLimitedError extends SignpostClientError {
  override name = 'RateLimitedError';

  constructor(message: string, details: ClientErrorDetails) {
    super('rate_limited', message, details);
  }
}

/** No useful answer, however often it was asked: a 5xx (`unavailable`), no connection (`network`), or not in time (`timeout`). */
export class UnavailableError extends SignpostClientError {
  override name = 'UnavailableError';

  constructor(code: 'unavailable' | 'network' | 'timeout', message: string, details: ClientErrorDetails = {}) {
    super(code, message, details);
  }
}

/** 3xx: redirects are not followed, since they could carry the credential to somebody else. */
export class RedirectRefusedError extends SignpostClientError {
  override name = 'RedirectRefusedError';

  constructor(message: string, details: ClientErrorDetails) {
    super('redirect_refused', message, details);
  }
}

/** The answer's body or its headers are over the limit; reading was broken off. */
export class ResponseTooLargeError extends SignpostClientError {
  override name = 'ResponseTooLargeError';

  constructor(message: string, details: ClientErrorDetails = {}) {
    super('response_too_large', message, details);
  }
}

/** The answer is none of the fetch API's. Is the base URL right? */
export class UnexpectedAnswerError extends SignpostClientError {
  override name = 'UnexpectedAnswerError';

  constructor(message: string, details: ClientErrorDetails = {}) {
    super('unexpected_answer', message, details);
  }
}

/** `close()` was called. */
export class ClientClosedError extends SignpostClientError {
  override name = 'ClientClosedError';

  constructor() {
    super('client_closed', 'The client was closed; make a new one');
  }
}
