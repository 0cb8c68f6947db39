import type { EventId } from '../../protocol/ids.js';
import type { InboxEntry, InboxState } from './inbox-entry.js';
import type { Claim } from './inbox-store.js';

/** node-postgres gives bigints as text. */
type Bigint = number | string;

/** A row as both databases answer `ENTRY_COLUMNS`. */
export interface InboxRow {
  ordinal: Bigint;
  producer: string;
  event_id: EventId;
  type: string;
  tenant: string;
  subject: string | null;
  occurred_at: Bigint;
  recorded_at: Bigint;
  cursor: string;
  data: string;
  redacted: string | null;
  lane: string | null;
  state: InboxState;
  attempts: number;
  due_at: Bigint;
  token: Bigint;
  last_error: string | null;
  fetched_at: Bigint;
  finished_at: Bigint | null;
}

export const ENTRY_COLUMNS = `ordinal, producer, event_id, type, tenant, subject, occurred_at, recorded_at, cursor, data, redacted, lane,
  state, attempts, due_at, token, last_error, fetched_at, finished_at`;

export function entryOf(row: InboxRow): InboxEntry {
  return {
    producer: row.producer,
    ordinal: Number(row.ordinal),
    id: row.event_id,
    type: row.type,
    tenant: row.tenant,
    subject: row.subject,
    occurredAt: Number(row.occurred_at),
    recordedAt: Number(row.recorded_at),
    cursor: row.cursor,
    data: row.data,
    redacted: row.redacted === null ? null : (JSON.parse(row.redacted) as string[]),
    state: row.state,
    attempts: row.attempts,
    dueAt: Number(row.due_at),
    lastError: row.last_error,
    fetchedAt: Number(row.fetched_at),
    finishedAt: row.finished_at === null ? null : Number(row.finished_at),
  };
}

/** In ordinal order: what a statement with RETURNING answers is in none. */
export function claimsOf(rows: readonly InboxRow[]): Claim[] {
  return rows
    .map((row) => ({ entry: entryOf(row), lane: row.lane, token: Number(row.token) }))
    .sort((a, b) => a.entry.ordinal - b.entry.ordinal);
}

export function countsOf(rows: readonly { state: InboxState; count: Bigint }[]): Record<InboxState, number> {
  const counts = { waiting: 0, failed: 0, parked: 0, done: 0, discarded: 0 };
  for (const { state, count } of rows) counts[state] = Number(count);
  return counts;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

/** How many entries a list has at most. */
export function listLimit(limit: number = LIMIT_DEFAULT): number {
  return Math.max(0, Math.min(Math.floor(limit), LIMIT_MAX));
}

const ERROR_MAX_LENGTH = 2_000;

/** Text that fits into the row: not too long, and without the character that PostgreSQL cannot store. */
export function storableError(text: string): string {
  return text.slice(0, ERROR_MAX_LENGTH).replaceAll('\u0000', '\uFFFD');
}
