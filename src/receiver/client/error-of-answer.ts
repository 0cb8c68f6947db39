import { HEADER, MEDIA_TYPE } from '../../protocol/headers.js';
import type { ProblemField } from '../../protocol/problem.js';
import {
  BadRequestError,
  CursorExpiredError,
  EventGoneError,
  EventNotFoundError,
  ForbiddenError,
  NotFoundError,
  RateLimitedError,
  RedirectRefusedError,
  type SignpostClientError,
  TooEarlyError,
  UnauthorizedError,
  UnavailableError,
  UnexpectedAnswerError,
} from './errors.js';
import type { HttpAnswer } from './http-transport.js';
import { mediaTypeOf, parseJson } from './json-answer.js';
import { retryAfterMs } from './retry-after.js';
import { serverText } from './server-text.js';

export interface AnswerContext {
  /** Such as `GET /v1/events/{id}`. */
  name: string;
  /** The event that was asked for, if it was one. */
  eventId?: string | undefined;
  /** Not to be shown. */
  secrets: readonly string[];
  /** Unix ms. */
  now: number;
}

const URN = 'urn:signpost:problem:';
const FIELDS_MAX = 20;

/** What an answer other than the expected one means. */
export function errorOfAnswer(answer: HttpAnswer, { name, eventId, secrets, now }: AnswerContext): SignpostClientError {
  const { status, headers } = answer;
  const text = (value: unknown): string => (typeof value === 'string' ? serverText(value, secrets) : '');
  const problem = problemIn(answer);
  const problemType = text(problem?.['type']);
  const code = problemType.startsWith(URN) ? problemType.slice(URN.length) : '';
  // Text of somebody else, a proxy's error page say, explains nothing and may show anything.
  const detail = code === '' ? '' : `: ${text(problem?.['detail'] ?? problem?.['title'])}`;
  const what = `${name} was answered ${status}${detail}`;
  const details = {
    status,
    problemType: problemType === '' ? undefined : problemType,
    retryAfterMs: retryAfterMs(headers[HEADER.retryAfter], now),
  };
  if (status >= 300 && status < 400 && status !== 304) {
    return new RedirectRefusedError(
      `${what}. Redirects are not followed, they could carry the credential to somebody else; set url to where it leads`,
      details,
    );
  }
  if (status === 425) return new TooEarlyError(what, details);
  if (status === 429) return new RateLimitedError(what, details);
  if (status >= 500 || status === 408) return new UnavailableError('unavailable', what, details);
  if (status === 401)
    return new UnauthorizedError(`${what}. The credential is missing, wrong, expired or revoked`, details);
  if (status === 403) return new ForbiddenError(what, details);
  switch (code) {
    case 'not_found':
      return eventId === undefined ? new NotFoundError(what, details) : new EventNotFoundError(eventId, what, details);
    case 'gone_erased':
      return new EventGoneError(eventId ?? '', 'erased', what, details);
    case 'gone_expired':
      return new EventGoneError(eventId ?? '', 'expired', what, details);
    case 'cursor_expired': {
      const oldest = problem?.['oldest'];
      if (typeof oldest !== 'string' || oldest === '') break;
      return new CursorExpiredError(oldest, `${what} Events were missed; \`oldest\` is where to go on`, details);
    }
    case 'invalid_cursor':
      return new BadRequestError('invalid_cursor', what, details, fieldsOf(problem, text));
    case '':
      break;
    default:
      if (status >= 400) return new BadRequestError('bad_request', what, details, fieldsOf(problem, text));
  }
  return new UnexpectedAnswerError(
    `${what}, which is no answer of the fetch API; is url the producer's base URL?`,
    details,
  );
}

function problemIn({ headers, body }: HttpAnswer): Record<string, unknown> | undefined {
  const parsed = mediaTypeOf(headers) === MEDIA_TYPE.problem ? parseJson(body) : undefined;
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
}

function fieldsOf(problem: Record<string, unknown> | undefined, text: (value: unknown) => string): ProblemField[] {
  const errors = problem?.['errors'];
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, FIELDS_MAX).map((field: unknown) => {
    const { pointer, message } = (field ?? {}) as Record<string, unknown>;
    return { pointer: text(pointer), message: text(message) };
  });
}
