import { grants, isCredentialScope, type CredentialScope } from '../access/scopes.js';
import { OAuthError } from './oauth-error.js';

/**
 * The scopes of a token: what was asked for (RFC 6749, section 3.3), never more than the credential has; without a word, all of it.
 *
 * @throws OAuthError `invalid_scope`
 */
export function requestedScopes(
  requested: string | undefined,
  granted: readonly CredentialScope[],
): readonly CredentialScope[] {
  if (requested === undefined) return granted;
  const scopes = new Set<CredentialScope>();
  for (const scope of requested.split(' ')) {
    // Whether there is no such scope, or only not for this client, is all the same to it.
    if (!isCredentialScope(scope) || !grants(granted, scope)) {
      throw new OAuthError(
        'invalid_scope',
        'Ask for scopes that the credential has, each once, with one space between them',
      );
    }
    scopes.add(scope);
  }
  return [...scopes];
}
