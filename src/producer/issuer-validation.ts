import { ISSUER_ALGORITHMS } from './access/trusted-issuer.js';
import { SignpostOptionsError } from './options-error.js';
import type { IssuerOptions } from './signpost-options.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @throws SignpostOptionsError that names the option and the fix */
export function checkedIssuers(issuers: readonly IssuerOptions[] = [], publicUrl: string): readonly IssuerOptions[] {
  const names = new Set([publicUrl.replace(/\/+$/, '')]);
  issuers.forEach((issuer, at) => {
    const option = `issuers[${at}]`;
    checkIssuer(issuer, option);
    if (names.has(issuer.issuer)) {
      throw new SignpostOptionsError(
        `${option}.issuer`,
        'is one already: of another entry, or publicUrl, the issuer of our own tokens',
      );
    }
    names.add(issuer.issuer);
  });
  return issuers;
}

function checkIssuer({ issuer, audience, jwksUrl, algorithms, ...rest }: IssuerOptions, option: string): void {
  requireText(`${option}.issuer`, issuer);
  const audiences = typeof audience === 'string' ? [audience] : (audience ?? []);
  if (audiences.length === 0) requireText(`${option}.audience`, undefined);
  for (const each of audiences) requireText(`${option}.audience`, each);
  requireJwksUrl(`${option}.jwksUrl`, jwksUrl, rest.allowHttp ?? false);
  for (const claim of ['receiverClaim', 'scopesClaim'] as const) {
    if (rest[claim] !== undefined) requireText(`${option}.${claim}`, rest[claim]);
  }
  const known: readonly string[] = ISSUER_ALGORITHMS;
  if (algorithms !== undefined && (algorithms.length === 0 || !algorithms.every((each) => known.includes(each)))) {
    throw new SignpostOptionsError(`${option}.algorithms`, `must be of ${known.join(', ')}`);
  }
}

function requireText(option: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '')
    throw new SignpostOptionsError(option, 'must be text, and not empty');
}

/** Whoever can change the keys on their way can make tokens. */
function requireJwksUrl(option: string, text: unknown, allowHttp: boolean): void {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && (allowHttp || LOOPBACK.test(url.hostname)));
  if (!url || !isSafe || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new SignpostOptionsError(
      option,
      'must be an https URL without user and fragment, such as https://login.example.com/jwks.json; http on a loopback address, or with allowHttp',
    );
  }
}
