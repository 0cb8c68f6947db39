import type { JsonWebKey } from '../../protocol/json-web-key.js';
import type { PublicJwks } from './credential-view.js';
import { InvalidPublicKeyError, parsePublicJwk, type PublicJwk } from './public-jwk.js';

/** @throws InvalidPublicKeyError with a pointer into the set */
export async function parsePublicJwks({ keys }: PublicJwks<JsonWebKey>): Promise<PublicJwks> {
  const parsed: PublicJwk[] = [];
  for (const [at, key] of keys.entries()) {
    const jwk = await parsedAt(at, key);
    // An assertion names its key by this alone.
    if (parsed.some(({ kid }) => kid === jwk.kid)) {
      throw new InvalidPublicKeyError(`/keys/${at}/kid`, 'is the id of two keys; give each its own, or leave it out');
    }
    parsed.push(jwk);
  }
  return { keys: parsed };
}

async function parsedAt(at: number, key: JsonWebKey): Promise<PublicJwk> {
  try {
    return await parsePublicJwk(key);
  } catch (cause) {
    if (!(cause instanceof InvalidPublicKeyError)) throw cause;
    throw new InvalidPublicKeyError(`/keys/${at}${cause.pointer}`, cause.message, { cause });
  }
}
