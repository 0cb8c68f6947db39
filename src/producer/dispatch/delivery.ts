import type { AttemptResult, SignalRequest } from '../signal/signal-sender.js';
import type { SignalKey } from '../signal/signing-secrets.js';
import type { EndpointTarget } from '../subscriptions/endpoint-directory.js';
import type { SignalKeys } from '../subscriptions/ports.js';
import type { EndpointId } from '../../protocol/ids.js';
import { hasEd25519 } from '../../protocol/signature-schemes.js';
import type { ClaimedSignal, Settlement } from './dispatch-store.js';

/** Where the endpoints' present URLs and secrets come from. */
export interface TargetSource {
  targets(endpoints: readonly { endpoint: EndpointId; version: number }[]): Promise<Map<EndpointId, EndpointTarget>>;
}

/** What signs and sends. Never rejects: a failure is an outcome. */
export interface SignalTransport {
  send(request: SignalRequest): Promise<AttemptResult>;
}

const NO_KEYS: readonly SignalKey[] = [];

function wantsSignalKeys(targets: ReadonlyMap<EndpointId, EndpointTarget>): boolean {
  for (const { signature } of targets.values()) if (hasEd25519(signature)) return true;
  return false;
}

/** Turns claims into attempts under the endpoints' *present* URLs and secrets. */
export class Delivery {
  constructor(
    private readonly directory: TargetSource,
    private readonly transport: SignalTransport,
    private readonly now: () => number,
    private readonly signalKeys?: Pick<SignalKeys, 'signing'>,
  ) {}

  /** Starts an attempt for each claim; the answers are in the order of `claims` and never reject. */
  async deliver(claims: readonly ClaimedSignal[], abort: AbortSignal): Promise<Promise<Settlement>[]> {
    const targets = await this.directory.targets(claims);
    const signalKeys = wantsSignalKeys(targets) ? await this.keysNow() : NO_KEYS;
    return claims.map((claim) => {
      const target = targets.get(claim.endpoint);
      if (!target) return Promise.resolve(this.unreadable(claim));
      // The URL was replaced since the claim. The new one may have to be proved first, and the answer of one must not prove the other.
      if (target.urlVersion !== claim.urlVersion) return Promise.resolve(this.released(claim));
      return this.attempt(claim, target, signalKeys, abort);
    });
  }

  private async attempt(
    claim: ClaimedSignal,
    target: EndpointTarget,
    signalKeys: readonly SignalKey[],
    abort: AbortSignal,
  ): Promise<Settlement> {
    const sentAt = this.now();
    // Spelled out: an object that is spread costs as much as the rest of this.
    const result = await this.transport.send({
      url: target.url,
      id: claim.signal,
      body: claim.body,
      secrets: target.secrets,
      signature: target.signature,
      signalKeys,
      endpoint: claim.endpoint,
      attempt: claim.attempt,
      traceparent: claim.traceparent ?? undefined,
      headers: target.headers,
      challenge: claim.challenge ?? undefined,
      signal: abort,
    });
    // An attempt that our own stop cut short says nothing about the endpoint.
    if (result.category === 'aborted') return this.released(claim);
    const { outcome, status, latencyMs, category, retryAfterMs } = result;
    return { claim, outcome, sentAt, status, latencyMs, category, retryAfterMs };
  }

  /** Without them, their endpoints' attempts fail, and those of the others do not. */
  private async keysNow(): Promise<readonly SignalKey[]> {
    try {
      return (await this.signalKeys?.signing()) ?? NO_KEYS;
    } catch {
      return NO_KEYS;
    }
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
