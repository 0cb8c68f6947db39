import type { AttemptResult, SignalRequest } from '../signal/signal-sender.js';
import { liveSecrets, type EndpointTarget } from '../subscriptions/endpoint-directory.js';
import type { EndpointId } from '../../protocol/ids.js';
import type { ClaimedSignal, Settlement } from './dispatch-store.js';

/** Where the endpoints' present URLs and secrets come from. */
export interface TargetSource {
  targets(endpoints: readonly { endpoint: EndpointId; version: number }[]): Promise<Map<EndpointId, EndpointTarget>>;
}

/** What signs and sends. Never rejects: a failure is an outcome. */
export interface SignalTransport {
  send(request: SignalRequest): Promise<AttemptResult>;
}

/** Turns claims into attempts under the endpoints' *present* URLs and secrets. */
export class Delivery {
  constructor(
    private readonly directory: TargetSource,
    private readonly transport: SignalTransport,
    private readonly now: () => number,
  ) {}

  /** Starts an attempt for each claim; the answers are in the order of `claims` and never reject. */
  async deliver(claims: readonly ClaimedSignal[], abort: AbortSignal): Promise<Promise<Settlement>[]> {
    const targets = await this.directory.targets(claims);
    return claims.map((claim) => {
      const target = targets.get(claim.endpoint);
      if (!target) return Promise.resolve(this.unreadable(claim));
      // The URL was replaced since the claim. The new one may have to be proved first, and the answer of one must not prove the other.
      if (target.urlVersion !== claim.urlVersion) return Promise.resolve(this.released(claim));
      return this.attempt(claim, target, abort);
    });
  }

  private async attempt(claim: ClaimedSignal, target: EndpointTarget, abort: AbortSignal): Promise<Settlement> {
    const sentAt = this.now();
    const result = await this.transport.send({
      url: target.url,
      id: claim.signal,
      body: claim.body,
      secrets: liveSecrets(target, sentAt),
      ...(claim.traceparent === null ? {} : { traceparent: claim.traceparent }),
      ...(claim.challenge === null ? {} : { challenge: claim.challenge }),
      signal: abort,
    });
    // An attempt that our own stop cut short says nothing about the endpoint.
    if (result.category === 'aborted') return this.released(claim);
    const { outcome, status, latencyMs, category, retryAfterMs } = result;
    return { claim, outcome, sentAt, status, latencyMs, category, retryAfterMs };
  }

  private released(claim: ClaimedSignal): Settlement {
    return this.unsent(claim, 'released', null);
  }

  /** Sealed with another master key: backs off like any failure, or it would be claimed again at once, for ever. */
  private unreadable(claim: ClaimedSignal): Settlement {
    return this.unsent(claim, 'failed', 'secret_unreadable');
  }

  private unsent(claim: ClaimedSignal, outcome: 'released' | 'failed', category: string | null): Settlement {
    return { claim, outcome, sentAt: this.now(), status: null, latencyMs: 0, category, retryAfterMs: null };
  }
}
