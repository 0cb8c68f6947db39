import { createHash } from 'node:crypto';
import type { PreparedSecret } from './secrets.js';

/**
 * What a signature of RFC 9421 names its key by: the JWK thumbprint (RFC 7638), SHA-256 in base64url. Both sides can compute it from the key, so there
 * is nothing to hand over beside it; and it gives nothing away, since even the shortest secret has 192 random bits.
 */
export function keyIdOf(secret: PreparedSecret): string {
  const { kty, k, crv, x } = (secret.scheme === 'v1' ? secret.key : secret.publicKey).export({ format: 'jwk' });
  // The required members, in the order of their names, and nothing else (section 3.2; RFC 8037, appendix A.3).
  const members = secret.scheme === 'v1' ? { k, kty } : { crv, kty, x };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
