import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse, ApiSchema, getSchemaPath } from '@nestjs/swagger';
import { MEDIA_TYPE } from '../protocol/headers.js';
import { problem, PROBLEMS, type ProblemCode } from '../protocol/problem.js';

@ApiSchema({ name: 'ProblemField' })
export class ProblemFieldDocument {
  @ApiProperty({
    description: 'JSON pointer (RFC 6901) to what is at fault in the body or the query.',
    example: '/limit',
  })
  pointer!: string;
  @ApiProperty({ description: 'What to change.', example: 'must be a whole number from 1 to 1000' })
  message!: string;
}

/** The shape of every error (RFC 9457). */
@ApiSchema({ name: 'Problem' })
export class ProblemDocument {
  @ApiProperty({
    description: 'Stable; tell problems apart by this. Not an address.',
    example: PROBLEMS.invalid_request.type,
  })
  type!: string;
  @ApiProperty({ example: PROBLEMS.invalid_request.title })
  title!: string;
  @ApiProperty({ type: 'integer', example: PROBLEMS.invalid_request.status })
  status!: number;
  @ApiPropertyOptional({
    description: 'This occurrence, for a person.',
    example: 'Use a cursor exactly as it was received.',
  })
  detail?: string;
  @ApiPropertyOptional({
    type: () => [ProblemFieldDocument],
    description: 'Where members of the request are at fault.',
  })
  errors?: ProblemFieldDocument[];
}

/** What a request with a JSON body may be refused for. */
export const BODY_PROBLEMS = [
  'invalid_request',
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[];

const text = (description: string) => ({ description, schema: { type: 'string' as const } });
const HEADERS: Record<number, Record<string, ReturnType<typeof text>>> = {
  401: { 'WWW-Authenticate': text('The schemes that open this API (RFC 9110 §11.6.1).') },
  425: { 'Retry-After': text('Seconds to wait before the same request is sent again (RFC 8470).') },
  429: { 'Retry-After': text('Seconds to wait before the same request is sent again.') },
  503: { 'Retry-After': text('Seconds to wait before the same request is sent again.') },
};

/** What the examples of one API show of a problem beside its type, title and status. */
export type ProblemExamples = Partial<Record<ProblemCode, Record<string, unknown>>>;

/** Makes one API's decorator that documents the problems of an operation, one response for each status. */
export function apiProblems(examples: ProblemExamples) {
  return (...codes: ProblemCode[]): MethodDecorator & ClassDecorator => {
    const statuses = new Set(codes.map((code) => PROBLEMS[code].status));
    return applyDecorators(...[...statuses].map((status) => response(status, codes, examples)));
  };
}

function response(status: number, codes: readonly ProblemCode[], examples: ProblemExamples) {
  const group = codes.filter((code) => PROBLEMS[code].status === status);
  const shown = group.map((code) => {
    const value = problem(code, undefined, examples[code]);
    return [code, { summary: PROBLEMS[code].title, value }] as const;
  });
  return ApiResponse({
    status,
    description: group.map((code) => PROBLEMS[code].title).join('; '),
    headers: HEADERS[status] ?? {},
    content: {
      [MEDIA_TYPE.problem]: {
        schema: { $ref: getSchemaPath(ProblemDocument) },
        examples: Object.fromEntries(shown),
      },
    },
  });
}
