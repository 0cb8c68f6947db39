import { ProblemException } from '../../http/problem-exception.js';

/** The same bare answer for every cause: which part of a credential was wrong is nobody's business (RFC 9110 §11.6.1 asks for the header). */
export function unauthorized(challenge: string, cause: string): ProblemException {
  return new ProblemException('unauthorized', undefined, { headers: { 'WWW-Authenticate': challenge }, cause });
}

/**
 * The scope is checked before any id is looked at, so that 403 says nothing about what exists. RFC 6750, section 3.1: the header
 * names the scope.
 */
export function forbidden(scope: string): ProblemException {
  return new ProblemException('forbidden', `This needs the scope ${scope}.`, {
    headers: { 'WWW-Authenticate': `Bearer realm="signpost", error="insufficient_scope", scope="${scope}"` },
  });
}
