import type { ConfirmMode } from '../subscriptions/endpoint-settings.js';
import type { Settlement } from './dispatch-store.js';
import { delay, type DispatchPolicy } from './policy.js';
import { clearOpenSignal, restingDueAt, type PositionRow } from './position-row.js';

export interface EndpointPace {
  minIntervalMs: number;
  confirm: ConfirmMode;
}

/**
 * What an attempt's outcome does to the endpoint's row: the state machine of docs/states.md, free of any database.
 * Changes `row`; answers why the endpoint must be disabled, if it must.
 */
export function applySettlement(
  row: PositionRow,
  settlement: Settlement,
  pace: EndpointPace,
  policy: DispatchPolicy,
  now: number,
  random: () => number,
): 'gone' | 'failing' | null {
  row.lease_owner = null;
  row.lease_until = null;
  const disabled = outcomeOf(row, settlement, pace, policy, now, random);
  if (disabled) {
    // The place in the log stays; what is open is composed anew when the endpoint comes back.
    row.active = 0;
    row.attempt = 0;
    row.notice = disabled === 'failing' ? 'endpoint.disabled' : null;
    clearOpenSignal(row);
  }
  row.due_at = restingDueAt(row, now);
  return disabled;
}

function outcomeOf(
  row: PositionRow,
  settlement: Settlement,
  pace: EndpointPace,
  policy: DispatchPolicy,
  now: number,
  random: () => number,
): 'gone' | 'failing' | null {
  const { claim, outcome, sentAt } = settlement;
  if (outcome === 'released') return null;
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
