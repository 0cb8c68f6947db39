import { PROBLEMS, type ProblemCode } from './problem-codes.js';

export { PROBLEMS, type ProblemCode };

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
