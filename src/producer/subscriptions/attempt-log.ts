import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { EndpointId, SignalId } from '../../protocol/ids.js';
import { isoTime, listing, type Listing, type ListRequest } from './listing.js';

/** One attempt to deliver a signal. Neither the answer's body nor the address that was dialled is kept: see docs/decisions.md. */
export interface AttemptView {
  signalId: SignalId;
  kind: 'events' | 'reminder' | 'notice' | 'test';
  /** 1 for the signal's first attempt. */
  attempt: number;
  eventCount: number;
  /** ISO 8601: when the attempt began. */
  sentAt: string;
  outcome: 'acknowledged' | 'gone' | 'failed';
  /** HTTP status of the answer; null when there was none. */
  status: number | null;
  latencyMs: number;
  /** Why it failed; null when it did not. */
  category: string | null;
}

type AttemptRow = Omit<AttemptView, 'sentAt'> & { ordinal: number; sentAt: number };

const NEWEST_FIRST = `SELECT ordinal, signal_id AS "signalId", kind, attempt, event_count AS "eventCount", sent_at AS "sentAt",
    outcome, status, latency_ms AS "latencyMs", category
  FROM signpost_signal WHERE endpoint_id = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?`;

/** Rows removed in one turn. */
const REMOVED_AT_ONCE = 1_000;

/** Newest first. `after` is a `cursor` of the same list: digits. */
export async function listAttempts(
  turns: SqliteTurns,
  endpoint: EndpointId,
  { after, limit }: ListRequest,
): Promise<Listing<AttemptView>> {
  const before = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after);
  const rows = await turns.read(
    'attempt log',
    () => turns.prepare(NEWEST_FIRST).all(endpoint, before, limit + 1) as AttemptRow[],
  );
  return listing(
    rows,
    limit,
    (row) => String(row.ordinal),
    (row) => ({
      signalId: row.signalId,
      kind: row.kind,
      attempt: row.attempt,
      eventCount: row.eventCount,
      sentAt: isoTime(row.sentAt),
      outcome: row.outcome,
      status: row.status,
      latencyMs: row.latencyMs,
      category: row.category,
    }),
  );
}

/** Before an endpoint goes: its attempts may be very many, and a cascade would hold the connection for all of them. */
export async function removeAttempts(turns: SqliteTurns, endpoint: EndpointId): Promise<void> {
  for (let removed = REMOVED_AT_ONCE; removed === REMOVED_AT_ONCE;) {
    removed = await turns.step('remove attempts', () => {
      const { changes } = turns
        .prepare(
          'DELETE FROM signpost_signal WHERE ordinal IN (SELECT ordinal FROM signpost_signal WHERE endpoint_id = ? LIMIT ?)',
        )
        .run(endpoint, REMOVED_AT_ONCE);
      return changes;
    });
  }
}
