import { Inject, Injectable } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { isId } from '../../protocol/ids.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { authFailure, type AuthFailure } from './authenticated.js';
import { CredentialsService } from './credentials.service.js';
import { issuerOf, tokenEndpointOf } from './issuer.js';
import type { KnownCredential } from './known-credential.js';
import { LastUsed } from './last-used.js';
import type { AssertionKey } from './public-jwk.js';
import { UsedAssertions } from './used-assertions.js';

const MS_PER_SECOND = 1_000;
/** Clients have clocks of their own. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** An assertion is made for one request; what is good for longer would have to be remembered for longer. */
const LONGEST_LIFE_SECONDS = 600;
/** One algorithm under two names: RFC 8037, and since RFC 9864. */
const ED25519_NAMES = ['EdDSA', 'Ed25519'];
const LONGEST_JTI = 256;
const LONGEST_ASSERTION = 8_192;
/** RFC 7523 leaves `typ` open; a token that was made for something else says so. */
const TYPES: readonly (string | undefined)[] = [undefined, 'JWT', 'client-authentication+jwt'];

/** Clients that prove themselves with a key of their own: `private_key_jwt` (RFC 7523; OpenID Connect Core, section 9). */
@Injectable()
export class ClientAssertions {
  private readonly now: () => number;
  private readonly audiences: readonly string[];

  constructor(
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(UsedAssertions) private readonly used: UsedAssertions,
    @Inject(LastUsed) private readonly lastUsed: LastUsed,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now' | 'publicUrl'>,
  ) {
    this.now = options.now ?? Date.now;
    this.audiences = [tokenEndpointOf(options), issuerOf(options)];
  }

  /** The credential whose assertion it is. Each is good once. */
  async authenticate(assertion: string): Promise<KnownCredential | AuthFailure> {
    const claimed = claimedBy(assertion);
    if (!claimed) return authFailure('malformed');
    const known = await this.credentials.known(claimed.id);
    if (!known) return authFailure('unknown', claimed.id);
    const { id, authenticated, expiresAt } = known;
    const failed = (reason: AuthFailure['reason']) => authFailure(reason, id, authenticated.receiver.id);
    const key = keyFor(known.keys, claimed.kid);
    const payload = key && (await this.verify(assertion, key, id));
    if (!payload) return failed('bad-token');
    const now = this.now();
    if (expiresAt !== null && expiresAt <= now) return failed('expired');
    const { jti = '', exp = 0 } = payload;
    // Last: only an assertion that is right in everything else is used up.
    const end = (exp + CLOCK_TOLERANCE_SECONDS) * MS_PER_SECOND;
    if (!(await this.used.use(id, jti, end))) return failed('replayed');
    this.lastUsed.touch('credential', id, now);
    return known;
  }

  /** Undefined for one that is wrong in anything. */
  private async verify(assertion: string, { key, alg }: AssertionKey, id: string): Promise<JWTPayload | undefined> {
    const now = this.now();
    try {
      const { payload, protectedHeader } = await jwtVerify(assertion, key, {
        algorithms: alg === 'EdDSA' ? ED25519_NAMES : [alg],
        issuer: id,
        subject: id,
        audience: [...this.audiences],
        requiredClaims: ['exp', 'jti'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(now),
      });
      return TYPES.includes(protectedHeader.typ) && isForUsNow(payload, now / MS_PER_SECOND) ? payload : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}

/** What the verifier of JWTs does not look at. `now`: Unix seconds. */
function isForUsNow({ aud, exp = 0, iat = 0, jti = '' }: JWTPayload, now: number): boolean {
  // One audience: an assertion that is meant for somebody else as well could be passed on by them.
  const single = typeof aud === 'string' || aud?.length === 1;
  const latest = now + CLOCK_TOLERANCE_SECONDS;
  const near = exp <= latest + LONGEST_LIFE_SECONDS && iat <= latest;
  return single && near && typeof jti === 'string' && jti.length > 0 && jti.length <= LONGEST_JTI;
}

/** The credential that an assertion says it is of; nothing is proven yet. */
export function clientOfAssertion(assertion: string): string | undefined {
  return claimedBy(assertion)?.id;
}

/** What an assertion says of itself; nothing is proven yet. */
function claimedBy(assertion: string) {
  if (assertion.length > LONGEST_ASSERTION) return undefined;
  try {
    const { sub = '' } = decodeJwt(assertion);
    const { kid } = decodeProtectedHeader(assertion);
    return typeof sub === 'string' && isId('key', sub) ? { id: sub, kid } : undefined;
  } catch {
    return undefined;
  }
}

/** The one that is named; without a name, the only one there is. */
function keyFor(keys: readonly AssertionKey[], kid: string | undefined): AssertionKey | undefined {
  if (kid === undefined) return keys.length === 1 ? keys[0] : undefined;
  return keys.find((key) => key.kid === kid);
}
