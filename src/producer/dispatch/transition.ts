import type { ConfirmMode } from '../subscriptions/endpoint-settings.js';
import type { Settlement } from './dispatch-store.js';
import { delay, type DispatchPolicy } from './policy.js';
import { clearOpenSignal, restingDueAt, type PositionRow } from './position-row.js';

export interface EndpointPace {
  minIntervalMs: number;
  confirm: ConfirmMode;
}

/** Why an outcome disables its endpoint. */
export type Ending = 'gone' | 'failing' | 'unverified';

/** What an outcome makes of its endpoint: active, its URL being proved; or disabled, and why. */
export type Decision = 'verified' | Ending;

/**
 * What an attempt's outcome does to the endpoint's row: the state machine of docs/states.md, free of any database.
 * Changes `row`; answers what must become of the endpoint, if anything.
 */
export function applySettlement(
  row: PositionRow,
  settlement: Settlement,
  pace: EndpointPace,
  policy: DispatchPolicy,
  now: number,
  random: () => number,
): Decision | null {
  row.lease_owner = null;
  row.lease_until = null;
  const decision = outcomeOf(row, settlement, pace, policy, now, random);
  if (decision === 'verified') activate(row);
  else if (decision) disable(row, decision);
  row.due_at = restingDueAt(row, now);
  return decision;
}

/** State and reason of the endpoint after a decision. */
export function stateAfter(decision: Decision): { state: 'active' | 'disabled'; reason: Ending | null } {
  return decision === 'verified' ? { state: 'active', reason: null } : { state: 'disabled', reason: decision };
}

function outcomeOf(
  row: PositionRow,
  settlement: Settlement,
  pace: EndpointPace,
  policy: DispatchPolicy,
  now: number,
  random: () => number,
): Decision | null {
  const { claim, outcome, sentAt } = settlement;
  if (outcome === 'released') return null;
  if (claim.kind === 'verification') return outcomeOfChallenge(row, settlement, policy, now, random);
  if (row.notice === 'endpoint.verification') return outcomeBeforeProof(row, settlement, pace, policy, now, random);
  if (outcome === 'gone') return row.active === 1 || claim.kind !== 'notice' ? 'gone' : dropNotice(row);
  // Notices and tests are sent once: neither their success nor their failure says anything about the events.
  if (claim.kind === 'notice') return dropNotice(row);
  if (claim.kind === 'test') return null;
  if (outcome === 'acknowledged') {
    acknowledge(row, claim.kind, pace, policy, sentAt, now, random);
    return null;
  }
  const wait = delay(policy.retrySchedule, row.attempt, random);
  row.attempt += 1;
  row.failing_since ??= sentAt;
  row.not_before = now + Math.max(wait, settlement.retryAfterMs ?? 0);
  return now - row.failing_since >= policy.disableAfterMs ? 'failing' : null;
}

/** The last challenge goes out when the time is over: whoever answers that one has still proved it. */
function outcomeOfChallenge(
  row: PositionRow,
  { claim, outcome, retryAfterMs }: Settlement,
  policy: DispatchPolicy,
  now: number,
  random: () => number,
): Decision | null {
  // The answer of a former URL must not prove the present one; nor does it count where no proof is asked for any more.
  if (row.notice !== 'endpoint.verification' || claim.urlVersion !== row.url_version) return null;
  if (outcome === 'acknowledged') return 'verified';
  if (outcome === 'gone') return 'gone';
  if (row.verify_by === null || now >= row.verify_by) return 'unverified';
  const wait = delay(policy.retrySchedule, row.attempt, random);
  row.attempt += 1;
  row.not_before = Math.min(now + Math.max(wait, retryAfterMs ?? 0), row.verify_by);
  return null;
}

/** The signal was on its way while the URL was replaced: of what became of it, only that events were taken counts. */
function outcomeBeforeProof(
  row: PositionRow,
  { claim, outcome, sentAt }: Settlement,
  pace: EndpointPace,
  policy: DispatchPolicy,
  now: number,
  random: () => number,
): null {
  if (outcome !== 'acknowledged' || (claim.kind !== 'events' && claim.kind !== 'reminder')) return null;
  const { attempt, not_before } = row;
  acknowledge(row, claim.kind, pace, policy, sentAt, now, random);
  Object.assign(row, { attempt, not_before });
  return null;
}

function activate(row: PositionRow): void {
  row.active = 1;
  row.notice = null;
  row.verify_by = null;
  row.attempt = 0;
  row.failing_since = null;
  row.not_before = 0;
  // It was not woken meanwhile: it looks at all that came since.
  row.head = Math.max(row.head, row.signalled_through + 1);
}

/** The place in the log stays; what is open is composed anew when the endpoint comes back. */
function disable(row: PositionRow, ending: Ending): void {
  row.active = 0;
  row.attempt = 0;
  row.notice = ending === 'failing' ? 'endpoint.disabled' : null;
  clearOpenSignal(row);
}

function dropNotice(row: PositionRow): null {
  row.notice = null;
  return null;
}

function acknowledge(
  row: PositionRow,
  kind: 'events' | 'reminder',
  pace: EndpointPace,
  policy: DispatchPolicy,
  sentAt: number,
  now: number,
  random: () => number,
): void {
  const through = row.open_through ?? row.signalled_through;
  clearOpenSignal(row);
  row.attempt = 0;
  row.failing_since = null;
  row.not_before = sentAt + pace.minIntervalMs;
  row.signalled_through = Math.max(row.signalled_through, through);
  if (pace.confirm === 'signal') return;
  if (kind === 'reminder') {
    row.reminder += 1;
    row.confirm_due_at = now + delay(policy.confirmSchedule, row.reminder, random);
  } else if (row.confirm_through === null) {
    // One deadline at a time: newer signals wait for the next one, or steady traffic would put it off for ever.
    row.confirm_through = through;
    row.confirm_due_at = now + delay(policy.confirmSchedule, 0, random);
    row.reminder = 0;
  }
}
