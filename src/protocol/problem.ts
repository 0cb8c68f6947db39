/** What can go wrong in a request, with the status of its answer. The code is the last part of the problem's `type`. */
export const PROBLEMS = {
  invalid_request: define('invalid_request', 400, 'The request is not valid'),
  invalid_cursor: define('invalid_cursor', 400, 'The cursor is not valid'),
  malformed_json: define('malformed_json', 400, 'The body is not well-formed JSON'),
  unauthorized: define('unauthorized', 401, 'The credential is missing or not valid'),
  forbidden: define('forbidden', 403, 'The credential lacks the scope for this'),
  not_found: define('not_found', 404, 'There is no such thing here'),
  method_not_allowed: define('method_not_allowed', 405, 'The method is not allowed here'),
  not_acceptable: define('not_acceptable', 406, 'None of the accepted media types can be served'),
  conflict: define('conflict', 409, 'The request conflicts with the current state'),
  idempotency_conflict: define('idempotency_conflict', 409, 'The idempotency key was used with another body'),
  gone_erased: define('gone_erased', 410, 'The payload was erased'),
  gone_expired: define('gone_expired', 410, 'The event is past its retention'),
  cursor_expired: define('cursor_expired', 410, 'The cursor is older than the retained log'),
  payload_too_large: define('payload_too_large', 413, 'The body is too large'),
  unsupported_media_type: define('unsupported_media_type', 415, 'The media type of the body is not supported'),
  too_early: define('too_early', 425, 'The current state cannot be told yet'),
  rate_limited: define('rate_limited', 429, 'Too many requests'),
  internal: define('internal', 500, 'Something went wrong on the server'),
  unavailable: define('unavailable', 503, 'The service cannot answer at the moment'),
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** A field at fault. */
export interface ProblemField {
  /** JSON pointer (RFC 6901) into the body, or into the query's parameters. */
  pointer: string;
  message: string;
}

/** The body of an `application/problem+json` answer (RFC 9457), with extension members. */
export interface ProblemDetails {
  /** Stable and not meant to be opened: `urn:signpost:problem:<code>`. */
  type: string;
  title: string;
  status: number;
  /** This occurrence, for a person. */
  detail?: string;
  errors?: ProblemField[];
  [extension: string]: unknown;
}

/** The problem's body. What `extra` adds never replaces the code's own type, title and status. */
export function problem(code: ProblemCode, detail?: string, extra: Record<string, unknown> = {}): ProblemDetails {
  return { ...extra, ...PROBLEMS[code], ...(detail === undefined ? {} : { detail }) };
}

function define<Code extends string>(code: Code, status: number, title: string) {
  return { type: `urn:signpost:problem:${code}`, title, status } as const;
}
