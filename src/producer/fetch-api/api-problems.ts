import { applyDecorators } from '@nestjs/common';
import { ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { problem, PROBLEMS, type ProblemCode } from '../../protocol/problem.js';
import { CURSOR_EXAMPLE } from './examples.js';
import { ProblemDetails } from './fetch-api.views.js';

/** What an example of the code shows beside type, title and status. */
const PARTICULARS: Partial<Record<ProblemCode, Record<string, unknown>>> = {
  invalid_request: { errors: [{ pointer: '/limit', message: 'must be a whole number from 1 to 1000' }] },
  invalid_cursor: {
    errors: [{ pointer: '/after', message: 'must be a cursor of this log, exactly as it was received' }],
  },
  cursor_expired: { oldest: CURSOR_EXAMPLE },
};

const text = (description: string) => ({ description, schema: { type: 'string' as const } });
const HEADERS: Record<number, Record<string, ReturnType<typeof text>>> = {
  401: { 'WWW-Authenticate': text('The schemes that open this API (RFC 9110 §11.6.1).') },
  503: { 'Retry-After': text('Seconds to wait before the same request is sent again.') },
};

/** Documents the problems of an operation, one response for each status. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const statuses = new Set(codes.map((code) => PROBLEMS[code].status));
  return applyDecorators(
    ...[...statuses].map((status) => {
      const group = codes.filter((code) => PROBLEMS[code].status === status);
      const examples = group.map((code) => [code, { value: problem(code, undefined, PARTICULARS[code]) }] as const);
      return ApiResponse({
        status,
        description: group.map((code) => PROBLEMS[code].title).join('; '),
        headers: HEADERS[status] ?? {},
        content: {
          [MEDIA_TYPE.problem]: {
            schema: { $ref: getSchemaPath(ProblemDetails) },
            examples: Object.fromEntries(examples),
          },
        },
      });
    }),
  );
}
