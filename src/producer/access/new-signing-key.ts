import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { sealContext, type Sealer } from '../subscriptions/sealing.js';
import type { PublicKeyJwk, SigningKeyUse } from './key-ring.js';
import type { SigningKeyEntity } from './signing-key.entity.js';

const generate = promisify(generateKeyPair);

/** A new Ed25519 key, its private half sealed. `activatesAt` and `now`: Unix ms. */
export async function newSigningKey(
  sealer: Sealer,
  use: SigningKeyUse,
  now: number,
  activatesAt: number,
): Promise<SigningKeyEntity> {
  const { privateKey } = await generate('ed25519');
  const { x, d } = privateKey.export({ format: 'jwk' }) as JWK & { x: string };
  const publicJwk: PublicKeyJwk = { kty: 'OKP', crv: 'Ed25519', x };
  const kid = await calculateJwkThumbprint(publicJwk);
  const sealed = sealer.seal(JSON.stringify({ ...publicJwk, d }), sealContext(kid, 'signing-key'));
  return { kid, use, publicJwk, sealed, createdAt: now, activatesAt, retiresAt: null };
}
