import { Inject, Injectable } from '@nestjs/common';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import type { AccessRequest } from './access-request.js';
import { AccessTokens } from './access-tokens.js';
import { ApplicationIdentities } from './application-identities.js';
import type { Authenticated, AuthFailure } from './authenticated.js';
import { bearerJwt, presentedKey } from './authorization-header.js';
import { claimedIssuer } from './claimed-issuer.js';
import { CredentialsService } from './credentials.service.js';
import { ForeignTokens } from './foreign-tokens.js';
import { issuerOf } from './issuer.js';

type Result = Authenticated | AuthFailure | Promise<Authenticated | AuthFailure>;

/**
 * Who a request to the fetch API comes from, whatever it shows: the one place that the routes ask. What has the form of a credential of
 * ours, or of an issuer that the operator trusts, is judged by that alone: one that was revoked must not be let in for another reason.
 * Only where there is none the application is asked.
 */
@Injectable()
export class Authenticator {
  private readonly issuer: string;

  constructor(
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(AccessTokens) private readonly tokens: AccessTokens,
    @Inject(ForeignTokens) private readonly foreign: ForeignTokens,
    @Inject(ApplicationIdentities) private readonly application: ApplicationIdentities,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'publicUrl'>,
  ) {
    this.issuer = issuerOf(options);
  }

  /** Answers at once, without a promise, for whoever was looked up within the last second. Never rejects for a bad credential. */
  authenticate(request: AccessRequest): Result {
    const { authorization } = request.headers;
    const token = bearerJwt(authorization);
    if (token !== undefined) return this.byToken(token, request);
    const presented = presentedKey(authorization, 'sp');
    if (typeof presented !== 'string') return this.credentials.authenticateKey(presented);
    const isOthers = presented === 'missing' || presented === 'malformed';
    if (isOthers && this.application.identify) return this.application.authenticate(request);
    return this.credentials.authenticate(authorization);
  }

  private byToken(token: string, request: AccessRequest): Result {
    const issuer = claimedIssuer(token);
    if (this.foreign.trusts(issuer)) return this.foreign.authenticate(issuer, token);
    if (issuer !== this.issuer && this.application.identify) return this.application.authenticate(request);
    return this.tokens.authenticate(token);
  }
}
