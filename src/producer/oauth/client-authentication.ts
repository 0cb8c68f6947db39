import { Inject, Injectable } from '@nestjs/common';
import { isId } from '../../protocol/ids.js';
import { parseApiKey } from '../access/api-key.js';
import { authFailure, isAuthFailure, type AuthFailure } from '../access/authenticated.js';
import { basicPair } from '../access/authorization-header.js';
import { ClientAssertions, clientOfAssertion } from '../access/client-assertions.js';
import { CredentialsService } from '../access/credentials.service.js';
import type { KnownCredential } from '../access/known-credential.js';
import type { FormParameters } from './form-body.js';
import { OAuthError } from './oauth-error.js';

/** RFC 7523, section 2.2. */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Which credential asks for a token, in any of the three ways that there are; RFC 6749, section 2.3, allows one at a time. */
@Injectable()
export class ClientAuthentication {
  constructor(
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(ClientAssertions) private readonly assertions: ClientAssertions,
  ) {}

  /** @throws OAuthError for a request that makes no sense; a client that cannot prove itself is an answer */
  async authenticate(form: FormParameters, header: string | undefined): Promise<KnownCredential | AuthFailure> {
    const secret = form.get('client_secret');
    const assertion = form.get('client_assertion');
    if ([header, secret, assertion].filter((each) => each !== undefined).length > 1) {
      throw new OAuthError('invalid_request', 'Authenticate in one way: Basic, client_secret or client_assertion');
    }
    const client = form.get('client_id');
    const result = await this.byOneOf(form, header);
    // Beside another way the id is only a hint, but a wrong one says that something was mixed up.
    if (!isAuthFailure(result) && client !== undefined && client !== result.id)
      return authFailure('mismatch', result.id);
    return result;
  }

  private byOneOf(form: FormParameters, header: string | undefined): Promise<KnownCredential | AuthFailure> {
    const secret = form.get('client_secret');
    const assertion = form.get('client_assertion');
    if (assertion !== undefined) {
      if (form.get('client_assertion_type') !== JWT_BEARER) {
        throw new OAuthError('invalid_request', `Send client_assertion_type=${JWT_BEARER}`);
      }
      return this.assertions.authenticate(assertion);
    }
    if (header === undefined) return this.bySecret(form.get('client_id'), secret);
    const pair = basicPair(header);
    return this.bySecret(pair && formDecoded(pair.user), pair && formDecoded(pair.password));
  }

  private async bySecret(
    client: string | undefined,
    secret: string | undefined,
  ): Promise<KnownCredential | AuthFailure> {
    if (client === undefined || secret === undefined) return authFailure('missing');
    const key = parseApiKey(secret);
    if (!isId('key', client) || key?.prefix !== 'sp') return authFailure('malformed');
    if (key.id !== client) return authFailure('mismatch', client);
    const result = await this.credentials.authenticateKey({ id: client, text: secret });
    if (isAuthFailure(result)) return result;
    return (await this.credentials.known(client)) ?? authFailure('unknown', client);
  }
}

/** The client that a request says it is of, in whichever way it does; null: none. Asks nobody. */
export function claimedClient(form: FormParameters, header: string | undefined): string | null {
  const pair = header === undefined ? undefined : basicPair(header);
  if (pair) return formDecoded(pair.user) ?? null;
  const assertion = form.get('client_assertion');
  return (assertion === undefined ? form.get('client_id') : clientOfAssertion(assertion)) ?? null;
}

/** RFC 6749, section 2.3.1: id and secret are form-encoded before they are put together. Undefined for what is not. */
function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
