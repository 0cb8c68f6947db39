import { Inject, Injectable, Optional } from '@nestjs/common';
import { rawResponse } from '../../http/reply.js';
import { callerAddress, type AccessRequest } from '../access/access-request.js';
import type { Authenticated } from '../access/authenticated.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { AddressBudget } from './address-budget.js';
import { DEFAULT_LIMITS } from './limit-options.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import type { RateLimiter, RateStanding } from './rate-limiter.js';
import { secondsOf, tooMany } from './too-many.js';

/** Name of the quota in the headers. */
const POLICY = '"credential"';
/** Time after which a place may have become free: long polls last up to 30 s, but most end with the next event. */
const WAIT_AGAIN_MS = 1_000;

/** What a caller that is known may ask of the fetch API: so many requests, so many misses, so many long polls at once. */
@Injectable()
export class RequestLimits {
  private readonly limiter: RateLimiter | undefined;
  /** Does not change: built once. */
  private readonly policy: string;
  private readonly misses: AddressBudget;
  private readonly mostWaits: number;
  private readonly waits = new Map<string, number>();

  constructor(
    @Optional() @Inject(SIGNPOST_OPTIONS) { limits = {}, now = Date.now }: Pick<SignpostOptions, 'limits' | 'now'> = {},
  ) {
    const { perCredential, missesPerMinute, waitsPerCredential } = { ...DEFAULT_LIMITS, ...limits };
    this.limiter =
      limits.rateLimiter ??
      (perCredential === false ? undefined : new MemoryRateLimiter(perCredential.requests, perCredential.perMs, now));
    this.policy = this.limiter ? `${POLICY};q=${this.limiter.requests};w=${secondsOf(this.limiter.perMs)}` : '';
    this.misses = new AddressBudget(missesPerMinute, now);
    this.mostWaits = waitsPerCredential === false ? Number.POSITIVE_INFINITY : waitsPerCredential;
  }

  /**
   * Counts a request, and puts where its credential stands on the answer, whatever that will be
   * (draft-ietf-httpapi-ratelimit-headers-10). No promise, unless the application's own limiter answers with one.
   *
   * @throws ProblemException (`rate_limited`)
   */
  take(access: Authenticated, response: unknown): void | Promise<void> {
    if (!this.limiter) return;
    const standing = this.limiter.take(keyOf(access));
    if (standing instanceof Promise) return standing.then((later) => this.settle(later, response));
    this.settle(standing, response);
  }

  /** Before a single event is looked up. @throws ProblemException (`rate_limited`) */
  admitRead(request: AccessRequest): void {
    const wait = this.misses.overdrawnFor(callerAddress(request));
    if (wait > 0) throw tooMany('Too many events that are not there were asked for from this address.', wait);
  }

  /** Counts a single event that is not there for whoever asked. */
  missed(request: AccessRequest): void {
    this.misses.spend(callerAddress(request));
  }

  /** A place among the credential's long polls, and the way to give it back, once. @throws ProblemException (`rate_limited`) */
  enterWait(access: Authenticated): () => void {
    const key = keyOf(access);
    const waiting = this.waits.get(key) ?? 0;
    if (waiting >= this.mostWaits) throw tooMany('Too many requests of this credential wait already.', WAIT_AGAIN_MS);
    this.waits.set(key, waiting + 1);
    return () => {
      const left = (this.waits.get(key) ?? 1) - 1;
      if (left > 0) this.waits.set(key, left);
      else this.waits.delete(key);
    };
  }

  private settle({ allowed, remaining, resetMs }: RateStanding, response: unknown): void {
    const raw = rawResponse(response);
    raw.setHeader('ratelimit-policy', this.policy);
    raw.setHeader('ratelimit', `${POLICY};r=${remaining};t=${secondsOf(resetMs)}`);
    if (!allowed) throw tooMany('This credential has used up its requests for now.', resetMs);
  }
}

function keyOf({ credential, receiver }: Authenticated): string {
  return credential.id ?? receiver.id;
}
