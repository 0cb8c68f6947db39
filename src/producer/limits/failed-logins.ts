import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { callerAddress, type AccessRequest } from '../access/access-request.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { AddressBudget } from './address-budget.js';
import { KnownGood } from './known-good.js';
import { DEFAULT_LIMITS } from './limit-options.js';
import { tooMany } from './too-many.js';

/**
 * The budget of answers 401 that an address has, for everything that takes a credential: guards of both APIs and the token endpoint. Ask
 * `admit` before anything is looked up, and say with `succeeded` or `failed` how it ended.
 */
@Injectable()
export class FailedLogins {
  private readonly logger = new Logger('Signpost');
  private readonly budget: AddressBudget;
  private readonly good = new KnownGood();

  constructor(
    @Optional() @Inject(SIGNPOST_OPTIONS) { limits, now = Date.now }: Pick<SignpostOptions, 'limits' | 'now'> = {},
  ) {
    this.budget = new AddressBudget(limits?.unauthorizedPerMinute ?? DEFAULT_LIMITS.unauthorizedPerMinute, now);
  }

  /**
   * Lets a request come to its look-up. From an address that has spent its budget only what claims a credential that was good before.
   * `claim`: the `Authorization` header, or the credential's id that a body names; null: none.
   *
   * @throws ProblemException (`rate_limited`)
   */
  admit(request: AccessRequest, claim: string | null | undefined = request.headers.authorization): void {
    const wait = this.budget.overdrawnFor(callerAddress(request));
    if (wait > 0 && !this.good.claimedBy(claim ?? undefined)) throw refusal(wait);
  }

  /** `credential`: whose it was; null where none of ours was behind it. */
  succeeded(request: AccessRequest, credential: string | null): void {
    this.good.remember(credential, request.headers.authorization);
  }

  /**
   * Counts an answer 401. Beyond the budget throws what to answer instead, before anything is written about it.
   *
   * @throws ProblemException (`rate_limited`)
   */
  failed(request: AccessRequest): void {
    const address = callerAddress(request);
    const wait = this.budget.overdrawnFor(address);
    if (wait > 0) throw refusal(wait);
    if (this.budget.spend(address)) {
      this.logger.warn(`${address ?? 'An unknown address'} has used up its budget of 401: answered 429 for a while`);
    }
  }
}

function refusal(waitMs: number) {
  return tooMany('Too many requests without a good credential came from this address.', waitMs);
}
