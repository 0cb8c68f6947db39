import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath, ApiSchema } from '@nestjs/swagger';
import { problem, PROBLEMS, type ProblemCode } from '../../protocol/problem.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';

@ApiSchema({ name: 'ProblemField' })
export class ProblemFieldDocument {
  @ApiProperty({ description: 'JSON pointer (RFC 6901) to the member at fault.', example: '/url' })
  pointer!: string;
  @ApiProperty({ description: 'What to change.', example: 'must be a URL, such as https://hooks.example.com/signpost' })
  message!: string;
}

/** The shape of every error (RFC 9457). */
@ApiSchema({ name: 'Problem' })
export class ProblemDocument {
  @ApiProperty({ description: 'Stable; tell problems apart by this.', example: PROBLEMS.invalid_request.type })
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

/** What a field error looks like, per code that has some. */
const FIELDS: Partial<Record<ProblemCode, ProblemFieldDocument[]>> = {
  invalid_request: [{ pointer: '/name', message: 'must be text of 1 to 200 characters without control characters' }],
  invalid_cursor: [{ pointer: '/after', message: 'must be the cursor of an earlier page of this list, unchanged' }],
};

/** Documents the problems that an operation answers with, one response for each status. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ...[...byStatus].map(([status, group]) =>
      ApiResponse({
        status,
        description: group.map((code) => PROBLEMS[code].title).join('; '),
        content: {
          [MEDIA_TYPE.problem]: {
            schema: { $ref: getSchemaPath(ProblemDocument) },
            examples: Object.fromEntries(
              group.map((code) => [code, { summary: PROBLEMS[code].title, value: example(code) }]),
            ),
          },
        },
      }),
    ),
  );
}

/** What a request with a JSON body may be refused for. */
export const BODY_PROBLEMS = [
  'invalid_request',
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[];

function example(code: ProblemCode) {
  const errors = FIELDS[code];
  return { ...problem(code), ...(errors ? { errors } : {}) };
}
