import { HttpException } from '@nestjs/common';
import type { ProblemCode } from '../protocol/problem.js';
import { ProblemException } from './problem-exception.js';

/** What Fastify, body-parser and http-errors put on their errors. */
interface FrameworkError {
  status?: unknown;
  statusCode?: unknown;
  code?: unknown;
  type?: unknown;
}

const CODE_OF_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  409: 'conflict',
  413: 'payload_too_large',
  414: 'invalid_request',
  415: 'unsupported_media_type',
  425: 'too_early',
  429: 'rate_limited',
  431: 'invalid_request',
  503: 'unavailable',
};

/** Errors of the host's own body parsers, which run before any controller: Fastify's by `code`, body-parser's by `type`. */
const CODE_OF_PARSER_ERROR: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  'entity.too.large': 'payload_too_large',
  'entity.parse.failed': 'malformed_json',
  'encoding.unsupported': 'unsupported_media_type',
  'charset.unsupported': 'unsupported_media_type',
};

function codeOf(error: object): ProblemCode | undefined {
  const { status, statusCode, code, type } = error as FrameworkError;
  for (const name of [code, type]) {
    const known = typeof name === 'string' ? CODE_OF_PARSER_ERROR[name] : undefined;
    if (known) return known;
  }
  const number = statusCode ?? status;
  if (typeof number !== 'number' || number < 400) return undefined;
  // Malformed JSON of Fastify's parser is a plain SyntaxError with a status.
  if (error instanceof SyntaxError && number === 400) return 'malformed_json';
  return CODE_OF_STATUS[number] ?? (number < 500 ? 'invalid_request' : undefined);
}

/** Nest puts the errors of parsers into exceptions that know the status only, with the error as their cause. */
function codeOfAny(error: unknown): ProblemCode | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if (!(error instanceof HttpException)) return codeOf(error);
  const { cause } = error;
  const inner = cause instanceof Error && !(cause instanceof HttpException) ? codeOf(cause) : undefined;
  return inner ?? codeOf({ status: error.getStatus() });
}

/**
 * The problem that any thrown value becomes. Only a `ProblemException` brings its own words: messages of other errors
 * may quote the request or tell about the inside.
 */
export function problemOfError(error: unknown, isUnavailable: (error: unknown) => boolean): ProblemException {
  if (error instanceof ProblemException) return error;
  if (isUnavailable(error)) {
    const detail = 'Temporarily unavailable; nothing was changed. Send the same request again.';
    return new ProblemException('unavailable', detail, { headers: { 'retry-after': '1' }, cause: error });
  }
  return new ProblemException(codeOfAny(error) ?? 'internal', undefined, { cause: error });
}
