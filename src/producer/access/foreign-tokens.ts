import { Inject, Injectable, Logger } from '@nestjs/common';
import { ProblemException } from '../../http/problem-exception.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { authFailure, type Authenticated, type AuthFailure } from './authenticated.js';
import { KnownReceivers, type KnownReceiver } from './known-receivers.js';
import { IssuerUnavailableError, remoteKeys } from './remote-keys.js';
import { TrustedIssuer, type ForeignToken } from './trusted-issuer.js';
import { VerifiedTokens } from './verified-tokens.js';

/** A key that the issuer withdrew must not serve for as long as a token of a day. */
const RECHECK_MS = 300_000;
/** When to come back while the issuer does not answer: as long as we leave it alone. */
const RETRY_AFTER_SECONDS = '5';
const EVERY_TYPE: readonly string[] = ['*'];

interface Verified extends ForeignToken {
  /** Of the receiver as it was last read, so that nothing is put together twice. */
  seen?: Authenticated;
}

/** Access tokens of issuers that the operator trusts: they say which receiver asks, and what it may do. */
@Injectable()
export class ForeignTokens {
  private readonly logger = new Logger('Signpost');
  private readonly now: () => number;
  private readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  private readonly verified: VerifiedTokens<Verified>;

  constructor(
    @Inject(KnownReceivers) private readonly receivers: KnownReceivers,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now' | 'issuers'>,
  ) {
    this.now = options.now ?? Date.now;
    this.verified = new VerifiedTokens(this.now);
    const trusted = (options.issuers ?? []).map((issuer) => {
      return [issuer.issuer, new TrustedIssuer(issuer, remoteKeys(issuer.jwksUrl, this.now))] as const;
    });
    this.issuers = new Map(trusted);
  }

  trusts(issuer: string | undefined): issuer is string {
    return issuer !== undefined && this.issuers.has(issuer);
  }

  /**
   * Whom the token vouches for. Answers at once, without a promise, for one that was seen before.
   *
   * @throws ProblemException (`unavailable`) while the issuer's keys cannot be had: the token may be good, so 401 would be wrong
   */
  authenticate(issuer: string, token: string): Authenticated | AuthFailure | Promise<Authenticated | AuthFailure> {
    const verified = this.verified.get(token);
    if (verified === undefined) return this.authenticateUnseen(issuer, token);
    const receiver = this.receivers.get(verified.receiver);
    if (receiver instanceof Promise) return receiver.then((read) => check(verified, read));
    return check(verified, receiver);
  }

  private async authenticateUnseen(issuer: string, token: string): Promise<Authenticated | AuthFailure> {
    const now = this.now();
    const verified = await this.verify(issuer, token, now);
    if (!verified) return authFailure('bad-token');
    this.verified.remember(token, { ...verified, expiresAt: Math.min(verified.expiresAt, now + RECHECK_MS) });
    return check(verified, await this.receivers.get(verified.receiver));
  }

  private async verify(issuer: string, token: string, now: number): Promise<ForeignToken | undefined> {
    try {
      return await this.issuers.get(issuer)?.verify(token, now);
    } catch (cause) {
      if (!(cause instanceof IssuerUnavailableError)) throw cause;
      const reason = cause.cause instanceof Error ? cause.cause.message : String(cause.cause);
      this.logger.warn(`Tokens of ${issuer} cannot be verified: ${cause.message} (${reason})`);
      const headers = { 'Retry-After': RETRY_AFTER_SECONDS };
      throw new ProblemException('unavailable', undefined, { headers, cause });
    }
  }
}

function check(verified: Verified, receiver: KnownReceiver | undefined): Authenticated | AuthFailure {
  if (!receiver) return authFailure('unknown');
  if (verified.seen?.receiver !== receiver) {
    const { scopes, identity } = verified;
    verified.seen = { kind: 'issuer', receiver, credential: { id: null, scopes, types: EVERY_TYPE }, identity };
  }
  return verified.seen;
}
