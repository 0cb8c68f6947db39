import type { KeyObject } from 'node:crypto';

/** `signal`: signs signals. `token`: signs access tokens. A key does one of the two, so that neither can be passed off as the other. */
export const SIGNING_KEY_USES = ['signal', 'token'] as const;
export type SigningKeyUse = (typeof SIGNING_KEY_USES)[number];

/** The public half of an Ed25519 key (RFC 8037, section 2). */
export interface PublicKeyJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  /** 32 bytes, base64url. */
  x: string;
}

/** An Ed25519 key of the installation. Times are Unix ms. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  kid: string;
  use: SigningKeyUse;
  publicJwk: PublicKeyJwk;
  publicKey: KeyObject;
  /** Null: its sealed value does not open, so it verifies only. */
  privateKey: KeyObject | null;
  createdAt: number;
  /** From then on it signs; it is published before, so that whoever keeps the published keys has it by then. */
  activatesAt: number;
  /** From then on it is neither published nor accepted; null: not before the next rotation. */
  retiresAt: number | null;
}

/** A key that signs now. */
export type ActiveKey = SigningKey & { privateKey: KeyObject };

/** The keys of the installation as they were read; asking it costs no database. */
export class KeyRing {
  /** Newest first. */
  private readonly keys: readonly SigningKey[];

  constructor(keys: readonly SigningKey[]) {
    this.keys = [...keys].sort((a, b) => b.activatesAt - a.activatesAt || b.createdAt - a.createdAt);
  }

  /**
   * The keys that sign at `now`, newest first. Signals are signed with all of them, as a receiver may know the former one only; a
   * token with the first.
   */
  signing(use: SigningKeyUse, now: number): ActiveKey[] {
    return this.keys.filter(
      (key): key is ActiveKey =>
        key.use === use && key.activatesAt <= now && !isRetired(key, now) && key.privateKey !== null,
    );
  }

  /** The key under that id, if what it signed still counts at `now`. */
  accepted(use: SigningKeyUse, kid: string, now: number): SigningKey | undefined {
    return this.keys.find((key) => key.kid === kid && key.use === use && !isRetired(key, now));
  }

  /** What others may verify with at `now`: also what does not sign yet, or no longer. */
  published(now: number): SigningKey[] {
    return this.keys.filter((key) => !isRetired(key, now));
  }
}

export function isRetired({ retiresAt }: Pick<SigningKey, 'retiresAt'>, now: number): boolean {
  return retiresAt !== null && retiresAt <= now;
}
