import { networkOf } from './network-of.js';
import { WindowCounts, type Window } from './window-counts.js';

const PER_MS = 60_000;
/** Networks remembered at once: an attacker that has more can only buy itself fresh budgets, not our memory. */
const MOST_NETWORKS = 20_000;

/** How often an address may fail in a minute. `false`: as often as it likes. */
export class AddressBudget {
  private readonly counts: WindowCounts;

  constructor(
    private readonly perMinute: number | false,
    private readonly now: () => number,
  ) {
    this.counts = new WindowCounts({ perMs: PER_MS, mostKeys: MOST_NETWORKS, now });
  }

  /** Milliseconds until the address has a budget again; 0 while it has one. An address that is not known has its own budget, with others. */
  overdrawnFor(address: string | null): number {
    if (this.perMinute === false) return 0;
    const window = this.counts.peek(networkOf(address ?? ''));
    return window && window.count >= this.perMinute ? window.endsAt - this.now() : 0;
  }

  /** Counts a failure. True for the one that uses the budget up. */
  spend(address: string | null): boolean {
    if (this.perMinute === false) return false;
    const { count }: Window = this.counts.add(networkOf(address ?? ''));
    return count === this.perMinute;
  }
}
