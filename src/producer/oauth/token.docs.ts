import { applyDecorators } from '@nestjs/common';
import { ApiBasicAuth, ApiBody, ApiOperation, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { TokenErrorView, TokenRequestView, TokenView } from './token.views.js';

/** Name of the security scheme in the receivers' document. */
const BASIC_SECURITY = 'basic';

const refusal = (status: number, description: string) => ApiResponse({ status, description, type: TokenErrorView });

export const ApiToken = (): MethodDecorator =>
  applyDecorators(
    ApiTags('Tokens'),
    ApiBasicAuth(BASIC_SECURITY),
    // Or in the body.
    ApiSecurity({}),
    ApiOperation({
      operationId: 'createToken',
      summary: 'Obtain an access token',
      description:
        'OAuth 2.0 client credentials (RFC 6749, section 4.4): the client is a credential. It proves itself with its API key, by Basic or in ' +
        'the body, or with an assertion that it signs (`private_key_jwt`, RFC 7523). The token (RFC 9068) lives ten minutes at most, ' +
        'and no longer than its credential. Errors have the format of RFC 6749, section 5.2.',
    }),
    ApiBody({ type: TokenRequestView, required: true }),
    ApiResponse({ status: 200, description: 'A token.', type: TokenView }),
    refusal(400, 'The request is not valid'),
    refusal(401, 'The client did not prove itself'),
    refusal(413, 'The body is too large'),
    refusal(415, 'The body is no form'),
    refusal(429, 'Too many requests without a good credential came from this address'),
    refusal(503, 'The service cannot answer at the moment'),
  );
