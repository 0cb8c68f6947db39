import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { isId, type ReceiverId } from '../../protocol/ids.js';
import type { IssuerOptions } from '../signpost-options.js';
import { isCredentialScope, MOST_SCOPES, type CredentialScope } from './scopes.js';

/** Signatures that nobody but the issuer can make; the names of RFC 7518, 8037 and 9864. */
export const ISSUER_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const MS_PER_SECOND = 1_000;
const CLOCK_TOLERANCE_SECONDS = 10;
/** RFC 9068, and what issuers write that know no better. */
const TYPES = ['at+jwt', 'application/at+jwt', 'jwt'];
const LONGEST_IDENTITY = 200;

/** What a token of the operator's issuer said. */
export interface ForeignToken {
  receiver: ReceiverId;
  scopes: readonly CredentialScope[];
  /** Its subject, for the audit. */
  identity: string | undefined;
  /** Unix ms. */
  expiresAt: number;
}

/** Verifies the access tokens of one issuer that the operator trusts. */
export class TrustedIssuer {
  private readonly receiverClaim: string;
  private readonly scopesClaim: string;

  constructor(
    private readonly options: IssuerOptions,
    private readonly keys: JWTVerifyGetKey,
  ) {
    this.receiverClaim = options.receiverClaim ?? 'sub';
    this.scopesClaim = options.scopesClaim ?? 'scope';
  }

  /** Undefined for anything that is no token of this issuer for us, now (`now`: Unix ms). @throws IssuerUnavailableError */
  async verify(token: string, now: number): Promise<ForeignToken | undefined> {
    const { issuer, audience, algorithms = ISSUER_ALGORITHMS } = this.options;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.keys, {
        algorithms: [...algorithms],
        issuer,
        audience: typeof audience === 'string' ? audience : [...audience],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(now),
      });
      const isFromFuture = (payload.iat ?? 0) > now / MS_PER_SECOND + CLOCK_TOLERANCE_SECONDS;
      if (isFromFuture || !TYPES.includes(protectedHeader.typ?.toLowerCase() ?? '')) return undefined;
      return this.read(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  private read(payload: JWTPayload): ForeignToken | undefined {
    const receiver = payload[this.receiverClaim];
    if (typeof receiver !== 'string' || !isId('rcv', receiver)) return undefined;
    const { sub, exp = 0 } = payload;
    return {
      receiver,
      scopes: scopesIn(payload[this.scopesClaim]),
      identity: typeof sub === 'string' ? sub.slice(0, LONGEST_IDENTITY) : undefined,
      expiresAt: (exp + CLOCK_TOLERANCE_SECONDS) * MS_PER_SECOND,
    };
  }
}

/** A list with spaces (RFC 8693, section 4.2), or a JSON list; what is no scope here means something elsewhere. */
function scopesIn(claim: unknown): CredentialScope[] {
  const names: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  const scopes = names.filter((name): name is CredentialScope => typeof name === 'string' && isCredentialScope(name));
  return [...new Set(scopes)].slice(0, MOST_SCOPES);
}
