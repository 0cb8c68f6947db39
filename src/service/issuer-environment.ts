import type { IssuerOptions } from '../index.js';
import { EnvironmentError } from './environment-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The issuer whose tokens the fetch API takes beside its own; undefined without `SIGNPOST_ISSUER`. @throws EnvironmentError */
export function readIssuer(env: Environment): IssuerOptions | undefined {
  const issuer = env.SIGNPOST_ISSUER;
  const names = Object.keys(env).filter((name) => name.startsWith('SIGNPOST_ISSUER_') && env[name]);
  if (!issuer) {
    const [orphan] = names;
    if (orphan === undefined) return undefined;
    throw new EnvironmentError(
      'SIGNPOST_ISSUER',
      `must be given with ${orphan}: the iss of the tokens, such as https://login.example.com`,
    );
  }
  const audience = env.SIGNPOST_ISSUER_AUDIENCE;
  if (!audience) {
    throw new EnvironmentError('SIGNPOST_ISSUER_AUDIENCE', 'must be given with SIGNPOST_ISSUER: the aud of the tokens');
  }
  const receiverClaim = env.SIGNPOST_ISSUER_RECEIVER_CLAIM;
  const scopesClaim = env.SIGNPOST_ISSUER_SCOPES_CLAIM;
  return {
    issuer,
    audience,
    jwksUrl: readJwksUrl(env.SIGNPOST_ISSUER_JWKS_URL),
    ...(receiverClaim ? { receiverClaim } : {}),
    ...(scopesClaim ? { scopesClaim } : {}),
  };
}

function readJwksUrl(text: string | undefined): string {
  const url = text && URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!text || !url || !isSafe || url.username || url.password || url.hash) {
    throw new EnvironmentError(
      'SIGNPOST_ISSUER_JWKS_URL',
      'must be an https URL of the keys of SIGNPOST_ISSUER, such as https://login.example.com/.well-known/jwks.json',
    );
  }
  return text;
}
