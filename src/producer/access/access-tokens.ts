import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { isId, type CredentialId } from '../../protocol/ids.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { authFailure, type Authenticated, type AuthFailure } from './authenticated.js';
import { CredentialsService } from './credentials.service.js';
import { issuerOf } from './issuer.js';
import type { KeyRing } from './key-ring.js';
import type { KnownCredential } from './known-credential.js';
import { LastUsed } from './last-used.js';
import { grants, isCredentialScope, type CredentialScope } from './scopes.js';
import { LONGEST_TOKEN_LIFETIME_MS } from './signing-key-times.js';
import { SigningKeys } from './signing-keys.js';
import { VerifiedTokens } from './verified-tokens.js';

const MS_PER_SECOND = 1_000;
/** A token of another node, whose clock is a little ahead, must count. Its end is exact all the same. */
const CLOCK_TOLERANCE_SECONDS = 5;

export interface IssuedToken {
  token: string;
  /** Seconds. */
  expiresIn: number;
}

/** What a token of ours said. */
interface Verified {
  kid: string;
  credential: CredentialId;
  scopes: readonly CredentialScope[];
  /** Unix ms. */
  expiresAt: number;
  /** Of the credential as it was last read, so that nothing is put together twice. */
  seen?: { known: KnownCredential; authenticated: Authenticated };
}

/** Access tokens of our own (RFC 9068): made for a credential, and good only while it lives and only for what it may do now. */
@Injectable()
export class AccessTokens {
  private readonly now: () => number;
  private readonly issuer: string;
  private readonly lifetimeMs: number;
  private readonly verified: VerifiedTokens<Verified>;

  constructor(
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(LastUsed) private readonly lastUsed: LastUsed,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now' | 'publicUrl' | 'oauth'>,
  ) {
    this.now = options.now ?? Date.now;
    this.issuer = issuerOf(options);
    this.lifetimeMs = options.oauth?.tokenLifetimeMs ?? LONGEST_TOKEN_LIFETIME_MS;
    this.verified = new VerifiedTokens(this.now);
  }

  /** A token for `scopes` of that credential; it ends with the credential at the latest. */
  async issue({ id, expiresAt }: KnownCredential, scopes: readonly CredentialScope[]): Promise<IssuedToken> {
    const ring = await this.keys.ringFor('token');
    const now = this.now();
    const [key] = ring.signing('token', now);
    if (!key) throw new Error('No key signs access tokens');
    const issuedAt = Math.floor(now / MS_PER_SECOND);
    const ends = Math.floor(Math.min(now + this.lifetimeMs, expiresAt ?? Infinity) / MS_PER_SECOND);
    const token = await new SignJWT({ client_id: id, scope: scopes.join(' ') })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid })
      .setIssuer(this.issuer)
      .setAudience(this.issuer)
      .setSubject(id)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(ends)
      .sign(key.privateKey);
    return { token, expiresIn: ends - issuedAt };
  }

  /** Whose token it is. Answers at once, without a promise, for one that was seen before. Never rejects for a bad token. */
  authenticate(token: string): Authenticated | AuthFailure | Promise<Authenticated | AuthFailure> {
    const verified = this.verified.get(token);
    if (verified === undefined) return this.authenticateUnseen(token);
    const ring = this.keys.ring();
    const known = this.credentials.known(verified.credential);
    if (ring instanceof Promise || known instanceof Promise) return this.later(verified, ring, known);
    return this.check(verified, ring, known);
  }

  private async later(
    verified: Verified,
    ring: KeyRing | Promise<KeyRing>,
    known: KnownCredential | undefined | Promise<KnownCredential | undefined>,
  ): Promise<Authenticated | AuthFailure> {
    const [ringNow, knownNow] = await Promise.all([ring, known]);
    return this.check(verified, ringNow, knownNow);
  }

  private async authenticateUnseen(token: string): Promise<Authenticated | AuthFailure> {
    const ring = await this.keys.ring();
    const verified = await this.verify(token, ring);
    if (!verified) return authFailure('bad-token');
    if (verified.expiresAt <= this.now()) return authFailure('expired', verified.credential);
    this.verified.remember(token, verified);
    return this.check(verified, ring, await this.credentials.known(verified.credential));
  }

  /** What changes while a token lives: its key may have leaked, its credential may be revoked or cut. */
  private check(verified: Verified, ring: KeyRing, known: KnownCredential | undefined): Authenticated | AuthFailure {
    const { credential: id, kid } = verified;
    const now = this.now();
    if (!known) return authFailure('unknown', id);
    const { receiver } = known.authenticated;
    if (!ring.accepted('token', kid, now)) return authFailure('bad-token', id, receiver.id);
    if (known.expiresAt !== null && known.expiresAt <= now) return authFailure('expired', id, receiver.id);
    this.lastUsed.touch('credential', id, now);
    if (verified.seen?.known !== known) verified.seen = { known, authenticated: allowed(verified, known) };
    return verified.seen.authenticated;
  }

  /** Undefined for anything that is no token of ours. Keys that a token brings along, or points at, are never looked at. */
  private async verify(token: string, ring: KeyRing): Promise<Verified | undefined> {
    try {
      const now = this.now();
      const { payload, protectedHeader } = await jwtVerify(
        token,
        ({ kid }) => {
          const key = kid === undefined ? undefined : ring.accepted('token', kid, now);
          if (!key) throw new errors.JWKSNoMatchingKey();
          return key.publicKey;
        },
        {
          algorithms: ['EdDSA'],
          typ: 'at+jwt',
          issuer: this.issuer,
          audience: this.issuer,
          requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
          maxTokenAge: LONGEST_TOKEN_LIFETIME_MS / MS_PER_SECOND,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(now),
        },
      );
      const { sub = '', client_id: client, scope, exp = 0 } = payload;
      if (!isId('key', sub) || client !== sub) return undefined;
      const scopes = typeof scope === 'string' ? scope.split(' ').filter(isCredentialScope) : [];
      return { kid: protectedHeader.kid ?? '', credential: sub, scopes, expiresAt: exp * MS_PER_SECOND };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}

/** What the token was given for, as far as the credential may still do it. */
function allowed({ scopes }: Verified, { authenticated }: KnownCredential): Authenticated {
  const { receiver, credential } = authenticated;
  const now = scopes.filter((scope) => grants(credential.scopes, scope));
  return { kind: 'token', receiver, credential: { id: credential.id, scopes: now, types: credential.types } };
}
