import { Catch, Inject, Injectable, Logger, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { IS_UNAVAILABLE, type IsUnavailable } from '../../http/problem.filter.js';
import { problemOfError } from '../../http/problem-of-error.js';
import { isAnswered, reply } from '../../http/reply.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { OAuthError } from './oauth-error.js';

/** Neither a token nor a refusal may be kept by anybody on the way (RFC 6749, section 5.1). */
export const NOT_KEPT = { 'content-type': MEDIA_TYPE.json, 'cache-control': 'no-store', pragma: 'no-cache' } as const;

/** Answers the errors of the token endpoint as OAuth 2.0 says (RFC 6749, section 5.2). */
@Catch()
@Injectable()
export class OAuthErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Signpost');

  constructor(@Optional() @Inject(IS_UNAVAILABLE) private readonly isUnavailable: IsUnavailable = () => false) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<unknown>();
    const { code, description, status, headers, cause } = this.oauthError(error);
    if (status >= 500) this.logger.error(cause instanceof Error ? cause.message : code);
    if (isAnswered(response)) return;
    const body = { error: code, ...(description === undefined ? {} : { error_description: description }) };
    reply(response, { status, headers: { ...NOT_KEPT, ...headers }, body: JSON.stringify(body) });
  }

  private oauthError(error: unknown): OAuthError {
    if (error instanceof OAuthError) return error;
    const problem = problemOfError(error, this.isUnavailable);
    const status = problem.getStatus();
    const { headers } = problem;
    if (status === 503)
      return new OAuthError('temporarily_unavailable', undefined, { headers: { ...headers }, cause: error });
    // OAuth has no code of its own for "too often"; `slow_down` is a step of the device flow (RFC 8628).
    if (status === 429)
      return new OAuthError('temporarily_unavailable', undefined, { status, headers: { ...headers }, cause: error });
    if (status >= 500) return new OAuthError('server_error', undefined, { cause: error });
    return new OAuthError('invalid_request', undefined, { status, headers: { ...headers }, cause: error });
  }
}
