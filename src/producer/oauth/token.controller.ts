import { Controller, HttpCode, Inject, Logger, Post, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import { ProblemException } from '../../http/problem-exception.js';
import { reply } from '../../http/reply.js';
import { AccessLog } from '../access/access-log.js';
import { callerAddress, type AccessRequest } from '../access/access-request.js';
import { AccessTokens } from '../access/access-tokens.js';
import { isAuthFailure } from '../access/authenticated.js';
import { FailedLogins } from '../limits/failed-logins.js';
import { claimedClient, ClientAuthentication } from './client-authentication.js';
import { FormBody, type FormParameters } from './form-body.js';
import { invalidClient, OAuthError } from './oauth-error.js';
import { NOT_KEPT, OAuthErrorFilter } from './oauth-error.filter.js';
import { requestedScopes } from './requested-scopes.js';
import { ApiToken } from './token.docs.js';
import type { TokenView } from './token.views.js';

const GRANT = 'client_credentials';

/** Access tokens for credentials (RFC 6749, section 4.4). */
@Controller({ path: 'oauth', version: VERSION_NEUTRAL })
@UseFilters(OAuthErrorFilter)
export class TokenController {
  private readonly logger = new Logger('Signpost');

  constructor(
    @Inject(ClientAuthentication) private readonly clients: ClientAuthentication,
    @Inject(AccessTokens) private readonly tokens: AccessTokens,
    @Inject(AccessLog) private readonly log: AccessLog,
    @Inject(FailedLogins) private readonly logins: FailedLogins,
  ) {}

  @Post('token')
  @HttpCode(200)
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiToken()
  async token(
    @FormBody() form: FormParameters,
    @Req() request: AccessRequest,
    @Res() response: unknown,
  ): Promise<void> {
    if (this.log.full) throw new ProblemException('unavailable', undefined, { headers: { 'Retry-After': '1' } });
    const grant = form.get('grant_type');
    if (grant === undefined) throw new OAuthError('invalid_request', `Send grant_type=${GRANT}`);
    if (grant !== GRANT) throw new OAuthError('unsupported_grant_type', `Send grant_type=${GRANT}`);
    const { authorization } = request.headers;
    this.logins.admit(request, claimedClient(form, authorization));
    const client = await this.clients.authenticate(form, authorization);
    const row = { action: 'token', count: 0, address: callerAddress(request) } as const;
    if (isAuthFailure(client)) {
      this.logins.failed(request);
      const { reason, credential, receiver } = client;
      this.logger.warn(`Refused a request for a token: credential ${credential ?? '-'} is ${reason}`);
      this.log.record({ ...row, receiver, credential, status: 401 });
      throw invalidClient(reason);
    }
    const { kind, receiver, credential } = client.authenticated;
    this.logins.succeeded(request, client.id);
    const scopes = requestedScopes(form.get('scope'), credential.scopes);
    const { token, expiresIn } = await this.tokens.issue(client, scopes);
    this.log.record({ ...row, receiver: receiver.id, credential: credential.id, status: 200, kind });
    const view: TokenView = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: expiresIn,
      scope: scopes.join(' '),
    };
    reply(response, { status: 200, headers: { ...NOT_KEPT }, body: JSON.stringify(view) });
  }
}
