import { Inject, Injectable } from '@nestjs/common';
import type { AccessRequest } from './access-request.js';
import { AccessTokens } from './access-tokens.js';
import type { Authenticated, AuthFailure } from './authenticated.js';
import { bearerJwt } from './authorization-header.js';
import { CredentialsService } from './credentials.service.js';

/** Who a request to the fetch API comes from, whatever it shows: the one place that the routes ask. */
@Injectable()
export class Authenticator {
  constructor(
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(AccessTokens) private readonly tokens: AccessTokens,
  ) {}

  /** Answers at once, without a promise, for whoever was looked up within the last second. Never rejects for a bad credential. */
  authenticate({ headers }: AccessRequest): Authenticated | AuthFailure | Promise<Authenticated | AuthFailure> {
    const token = bearerJwt(headers.authorization);
    return token === undefined ? this.credentials.authenticate(headers.authorization) : this.tokens.authenticate(token);
  }
}
