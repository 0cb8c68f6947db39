import type { Ed25519Secret, PreparedSecret } from '../../protocol/secrets.js';

/** A signing secret of an endpoint. */
export interface SigningSecret {
  readonly key: PreparedSecret;
  /** Unix ms; null: until the next rotation. */
  readonly expiresAt: number | null;
}

/** One of the installation's own keys, as `/.well-known/jwks.json` names it. */
export interface SignalKey {
  readonly kid: string;
  readonly key: Ed25519Secret;
}

/** The secrets that a signal sent now (Unix ms) is signed with, in their order. */
export function liveSecrets(secrets: readonly SigningSecret[], now: number): PreparedSecret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).map(({ key }) => key);
}
