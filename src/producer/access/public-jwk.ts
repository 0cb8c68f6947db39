import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JsonWebKey } from '../../protocol/json-web-key.js';
import { calculateJwkThumbprint } from 'jose';

/** How an assertion may be signed. Fixed by the key, never chosen by who presents it. */
export const ASSERTION_ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'PS256'] as const;
export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number];

/** A public key as it is stored and shown: its own members, and how it is used. */
export interface PublicJwk {
  kty: 'OKP' | 'EC' | 'RSA';
  kid: string;
  alg: AssertionAlgorithm;
  use: 'sig';
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
}

/** A public key, ready to verify with. */
export interface AssertionKey {
  kid: string;
  alg: AssertionAlgorithm;
  key: KeyObject;
}

/** A public key that cannot be used. The message says what to change, never the value. */
export class InvalidPublicKeyError extends Error {
  readonly code = 'invalid_public_key';

  constructor(
    /** JSON pointer into the key. */
    readonly pointer: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'InvalidPublicKeyError';
  }
}

/** NIST SP 800-131A; beyond the upper end verifying takes longer than anybody should make a server work. */
const RSA_BITS = { min: 2_048, max: 8_192 };
const LEAST_EXPONENT = 65_537n;
const ALGORITHMS: Readonly<Record<string, readonly AssertionAlgorithm[]>> = {
  'OKP Ed25519': ['EdDSA'],
  'EC P-256': ['ES256'],
  RSA: ['RS256', 'PS256'],
};

/**
 * Checks a JWK (RFC 7517) and keeps its public members only. `alg` may be left out where the kind of key leaves one choice, for RSA
 * RS256; `kid` too: its RFC 7638 thumbprint then.
 *
 * @throws InvalidPublicKeyError
 */
export async function parsePublicJwk(
  given: JsonWebKey & { kid?: unknown; alg?: unknown; use?: unknown },
): Promise<PublicJwk> {
  const { kty, crv } = given;
  const choices = ALGORITHMS[kty === 'RSA' ? kty : `${kty} ${crv}`];
  if (!choices) throw new InvalidPublicKeyError('/kty', 'must be an Ed25519 key (OKP), a P-256 key (EC) or an RSA key');
  const [byDefault] = choices;
  // RFC 9864 has a second name for it.
  const alg = crv === 'Ed25519' && given.alg === 'Ed25519' ? 'EdDSA' : (given.alg ?? byDefault);
  if (!isOneOf(choices, alg)) {
    throw new InvalidPublicKeyError('/alg', `must be ${choices.join(' or ')} for this kind of key`);
  }
  const members =
    kty === 'RSA' ? { n: given.n, e: given.e } : kty === 'EC' ? { crv, x: given.x, y: given.y } : { crv, x: given.x };
  const jwk = { kty, ...members } as Pick<PublicJwk, 'kty' | 'crv' | 'x' | 'y' | 'n' | 'e'>;
  refuseWeak(importKey(jwk));
  const kid = typeof given.kid === 'string' ? given.kid : await calculateJwkThumbprint(jwk);
  return { ...jwk, kid, alg, use: 'sig' };
}

/** A stored key, ready to verify with. */
export function assertionKey({ kid, alg, ...jwk }: PublicJwk): AssertionKey {
  return { kid, alg, key: importKey(jwk) };
}

function importKey({ kty, crv, x, y, n, e }: Pick<PublicJwk, 'kty' | 'crv' | 'x' | 'y' | 'n' | 'e'>): KeyObject {
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined);
  try {
    return createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
  } catch (cause) {
    throw new InvalidPublicKeyError('', 'is no public key of the kind that it says', { cause });
  }
}

function refuseWeak({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  if (asymmetricKeyType !== 'rsa') return;
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  if (modulusLength < RSA_BITS.min || modulusLength > RSA_BITS.max) {
    throw new InvalidPublicKeyError('/n', `must have ${RSA_BITS.min} to ${RSA_BITS.max} bits`);
  }
  if (publicExponent < LEAST_EXPONENT) throw new InvalidPublicKeyError('/e', 'must be AQAB (65537)');
}

function isOneOf(choices: readonly AssertionAlgorithm[], alg: unknown): alg is AssertionAlgorithm {
  return (choices as readonly unknown[]).includes(alg);
}
