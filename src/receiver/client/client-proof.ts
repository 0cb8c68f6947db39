import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { Auth } from './auth.js';
import { InvalidArgumentError } from './errors.js';

/** How a client shows the token endpoint who it is. */
export interface ClientProof {
  headers: Record<string, string>;
  parameters: Record<string, string>;
}

/** Makes one proof for one request. `now`: Unix ms. */
export type Prove = (now: number) => ClientProof;

type PrivateKeyAuth = Extract<Auth, { privateKey: unknown }>;

/** RFC 7523, section 2.2. */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Enough for the way; an assertion is good once. */
const LIFE_SECONDS = 60;

/** `client_secret_basic` (RFC 6749, section 2.3.1): both are form-encoded first, so that a colon in the id does not end it. */
export function basicCredentials(clientId: string, clientSecret: string): string {
  return Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64');
}

export function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** `private_key_jwt` (RFC 7523): no secret leaves this process. @throws InvalidArgumentError */
export function assertionProof({ clientId, privateKey, keyId, audience }: PrivateKeyAuth, tokenUrl: string): Prove {
  const key = readKey(privateKey);
  const { alg, digest } = algorithmOf(key);
  const header = encoded({ alg, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) });
  return (now) => {
    const issuedAt = Math.floor(now / 1_000);
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: audience ?? tokenUrl,
      iat: issuedAt,
      exp: issuedAt + LIFE_SECONDS,
      jti: randomUUID(),
    };
    const text = `${header}.${encoded(claims)}`;
    // JWS has the two numbers of an ECDSA signature one after the other (RFC 7518, section 3.4), not in ASN.1.
    const signature = sign(digest, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    const assertion = `${text}.${signature.toString('base64url')}`;
    return { headers: {}, parameters: { client_assertion_type: JWT_BEARER, client_assertion: assertion } };
  };
}

/** The error has no cause: what a parser says of a key may quote it. */
function readKey(given: PrivateKeyAuth['privateKey']): KeyObject {
  try {
    if (typeof given === 'string') return createPrivateKey(given);
    if ('export' in given && typeof given.export === 'function') return given as KeyObject;
    return createPrivateKey({ key: { ...given }, format: 'jwk' });
  } catch {
    throw new InvalidArgumentError('privateKey', 'is no private key: give a PEM text, a JWK or a KeyObject');
  }
}

function algorithmOf({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (type === 'private') {
    if (asymmetricKeyType === 'ed25519') return { alg: 'EdDSA', digest: null };
    if (asymmetricKeyType === 'rsa') return { alg: 'RS256', digest: 'sha256' };
    if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') {
      return { alg: 'ES256', digest: 'sha256' };
    }
  }
  throw new InvalidArgumentError('privateKey', 'must be the private half of an Ed25519, P-256 or RSA key');
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
