import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import { isRetryableDatabaseError } from '../../database/errors.js';
import type { Cursor } from '../../protocol/cursor.js';
import type { InboxEntry } from '../inbox/inbox-entry.js';
import type { Claim, FailedAttempt, InboxStore } from '../inbox/inbox-store.js';
import { ClaimLostError, NonRetryableEventError } from './errors.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { HandlerContext, ReceivedEvent } from './received-event.js';
import type { HandlingPolicy } from './handling-policy.js';

/**
 * - `done`: the effect and the mark are committed;
 * - `retry`, `parked`: the handler threw, and its transaction is rolled back;
 * - `returned`: broken off by a shutdown or the database, as if it had not begun;
 * - `lost`: another worker has the event.
 */
export type AttemptOutcome = 'done' | 'lost' | FailedAttempt['outcome'];

/**
 * So often in a row an attempt that the database broke off does not count. An outage that lasts longer lets no transaction begin; what the
 * database breaks off every time, the handler does to itself.
 */
const EXCUSED_IN_A_ROW = 10;
/** Events whose excuses are remembered. */
const MOST_EXCUSED = 1_000;

/** One attempt to handle one event: the handler's effect and the mark, or neither. */
export class EventAttempt {
  private readonly logger = new Logger('SignpostReceiver');
  /** By event id: how often in a row the database broke it off. */
  private readonly brokenOff = new Map<string, number>();

  constructor(
    private readonly store: InboxStore,
    private readonly dataSource: DataSource,
    private readonly handlers: Pick<HandlerRegistry, 'handlerOf'>,
    private readonly policy: HandlingPolicy,
  ) {}

  /** Rejects only if the database does not take the outcome; the event is then due again when its lease ends. */
  async run(claim: Claim, signal: AbortSignal, stopping: () => boolean): Promise<AttemptOutcome> {
    // A handler that kills its process leaves no other trace than the attempts that were begun.
    if (this.policy.isExhausted(claim.entry.attempts - 1)) {
      return this.settle(claim, this.policy.parked('Every attempt ended without an answer: did its worker crash?'));
    }
    let begun = false;
    try {
      await this.handle(claim, signal, () => (begun = true));
      this.brokenOff.delete(claim.entry.id);
      return 'done';
    } catch (error) {
      if (error instanceof ClaimLostError) return 'lost';
      // None is the event's fault, and none may use up its attempts: no transaction to begin in, a database in trouble, a shutdown.
      const excused = !begun || (stopping() && signal.aborted) || this.isDatabaseTrouble(claim, error);
      return this.settle(claim, excused ? { outcome: 'returned' } : this.failure(claim, error));
    }
  }

  private async handle(claim: Claim, signal: AbortSignal, begin: () => void): Promise<void> {
    const { entry } = claim;
    const handler = this.handlers.handlerOf(entry.type);
    const event = receivedEvent(entry);
    const context = (manager: EntityManager): HandlerContext => ({
      manager,
      attempt: entry.attempts,
      signal,
      isLatest: () => this.store.isLatest(manager, entry),
    });
    if (!handler.transaction) {
      begin();
      await handler.run(event, context(this.dataSource.manager));
    }
    await this.dataSource.transaction(async (manager) => {
      begin();
      if (handler.transaction) await handler.run(event, context(manager));
      // Last, so that the row is locked for the commit only; the token makes a second worker's effect roll back.
      if (!(await this.store.markDone(manager, claim))) throw new ClaimLostError();
    });
  }

  private isDatabaseTrouble({ entry: { id } }: Claim, error: unknown): boolean {
    const times = isRetryableDatabaseError(error) ? (this.brokenOff.get(id) ?? 0) + 1 : 0;
    this.brokenOff.delete(id);
    if (times === 0) return false;
    this.brokenOff.set(id, times);
    const [oldest = id] = this.brokenOff.keys();
    if (this.brokenOff.size > MOST_EXCUSED) this.brokenOff.delete(oldest);
    return times <= EXCUSED_IN_A_ROW;
  }

  private failure({ entry }: Claim, error: unknown): FailedAttempt {
    const text = errorText(error);
    const fatal = error instanceof NonRetryableEventError || this.policy.isExhausted(entry.attempts);
    const outcome = fatal ? this.policy.parked(text) : this.policy.retried(entry.attempts, text);
    const { id, type, producer, attempts } = entry;
    const next = outcome.outcome === 'retry' ? `next attempt in ${Math.round(outcome.inMs)} ms` : 'parked';
    const line = `Event ${id} (${type}) of ${producer}, attempt ${attempts}: ${text}; ${next}`;
    if (outcome.outcome === 'parked') this.logger.error(line);
    else this.logger.warn(line);
    return outcome;
  }

  private async settle(claim: Claim, attempt: FailedAttempt): Promise<AttemptOutcome> {
    return (await this.store.settleFailure(claim, attempt)) ? attempt.outcome : 'lost';
  }
}

const LONGEST_ERROR = 1_000;

function errorText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR)}…` : text;
}

/** The event as its handler sees it. */
export function receivedEvent(entry: InboxEntry): ReceivedEvent {
  const { id, type, tenant, subject, occurredAt, recordedAt, cursor, data, redacted, producer } = entry;
  return {
    id,
    type,
    tenant,
    subject,
    occurredAt: new Date(occurredAt).toISOString(),
    recordedAt: new Date(recordedAt).toISOString(),
    cursor: cursor as Cursor,
    data: JSON.parse(data) as unknown,
    producer,
    ...(redacted ? { redacted: [...redacted] } : {}),
  };
}
