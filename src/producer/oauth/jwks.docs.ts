import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ProblemDocument } from '../../http/api-problems.js';
import { ApiProblems } from '../fetch-api/api-problems.js';
import { JwksView } from './jwks.views.js';

export const ApiJwks = (): MethodDecorator =>
  applyDecorators(
    ApiTags('Keys'),
    // No security requirement at all: an empty one is "none needed" (OpenAPI 3.1, section 4.8.30).
    ApiSecurity({}),
    ApiExtraModels(ProblemDocument),
    ApiOperation({
      operationId: 'getKeys',
      summary: 'The public keys',
      description:
        'What signals (`v1a`) and access tokens are verified with, as a JSON Web Key Set. A key stands here before it signs and for as ' +
        'long as its signatures count: keep the answer no longer than `Cache-Control` says, and look again at an unknown `kid`.',
    }),
    ApiResponse({
      status: 200,
      description: 'The keys.',
      type: JwksView,
      headers: {
        'Cache-Control': {
          description: 'For how long the keys may be kept.',
          schema: { type: 'string', example: 'public, max-age=600' },
        },
      },
    }),
    ApiProblems('unavailable'),
  );
