import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { EndpointId, SignalId } from '../../protocol/ids.js';
import { isoTime, listing, type Listing, type ListRequest } from './listing.js';

/** One attempt to deliver a signal. Neither the answer's body nor the address that was dialled is kept: see docs/decisions.md. */
export interface AttemptView {
  signalId: SignalId;
  kind: 'events' | 'reminder' | 'notice' | 'test' | 'verification';
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

const COLUMNS = `ordinal, signal_id AS "signalId", kind, attempt, event_count AS "eventCount", sent_at AS "sentAt", outcome, status,
    latency_ms AS "latencyMs", category`;

/** Rows removed in one statement. */
const REMOVED_AT_ONCE = 1_000;

/** What was sent to endpoints, and what became of it. Dispatching writes it. */
export abstract class AttemptLog {
  /** Newest first. `after` is a `cursor` of the same list: digits. */
  async list(endpoint: EndpointId, { after, limit }: ListRequest): Promise<Listing<AttemptView>> {
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after);
    const rows = await this.newestFirst(endpoint, before, limit + 1);
    return listing(
      rows,
      limit,
      ({ ordinal }) => String(ordinal),
      ({ ordinal, sentAt, ...attempt }) => ({ ...attempt, sentAt: isoTime(sentAt) }),
    );
  }

  /** Before an endpoint goes: its attempts may be very many, and a cascade would keep others waiting for all of them. */
  async remove(endpoint: EndpointId): Promise<void> {
    while ((await this.removeSome(endpoint, REMOVED_AT_ONCE)) === REMOVED_AT_ONCE);
  }

  protected abstract newestFirst(endpoint: EndpointId, before: number, limit: number): Promise<AttemptRow[]>;
  protected abstract removeSome(endpoint: EndpointId, limit: number): Promise<number>;
}

export class SqliteAttemptLog extends AttemptLog {
  constructor(private readonly turns: SqliteTurns) {
    super();
  }

  protected newestFirst(endpoint: EndpointId, before: number, limit: number): Promise<AttemptRow[]> {
    const sql = `SELECT ${COLUMNS} FROM signpost_signal WHERE endpoint_id = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?`;
    return this.turns.read('attempt log', () => this.turns.prepare(sql).all(endpoint, before, limit) as AttemptRow[]);
  }

  protected removeSome(endpoint: EndpointId, limit: number): Promise<number> {
    const sql =
      'DELETE FROM signpost_signal WHERE ordinal IN (SELECT ordinal FROM signpost_signal WHERE endpoint_id = ? LIMIT ?)';
    return this.turns.step('remove attempts', () => this.turns.prepare(sql).run(endpoint, limit).changes);
  }
}

export class PostgresAttemptLog extends AttemptLog {
  private readonly signal: string;

  constructor(private readonly engine: PostgresEngine) {
    super();
    this.signal = engine.table('signal');
  }

  protected newestFirst(endpoint: EndpointId, before: number, limit: number): Promise<AttemptRow[]> {
    return this.engine.rowsAgain<AttemptRow>(
      `SELECT ${COLUMNS} FROM ${this.signal} WHERE endpoint_id = $1 AND ordinal < $2 ORDER BY ordinal DESC LIMIT $3`,
      [endpoint, before, limit],
    );
  }

  protected removeSome(endpoint: EndpointId, limit: number): Promise<number> {
    return this.engine.change(
      `DELETE FROM ${this.signal} WHERE ordinal IN (SELECT ordinal FROM ${this.signal} WHERE endpoint_id = $1 LIMIT $2)`,
      [endpoint, limit],
    );
  }
}
