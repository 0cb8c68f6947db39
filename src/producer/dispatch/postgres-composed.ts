import type { DatabaseClock } from '../../database/postgres-clock.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import { jsonRows } from '../../database/json-rows.js';
import type { EndpointId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { ClaimedSignal } from './dispatch-store.js';
import type { LeasedRow } from './postgres-claim.js';
import { lockedInOrder } from './postgres-locks.js';
import { restingDueAt } from './position-row.js';

/** Rows of one statement, with a body of some kilobytes each. */
const MOST_ROWS = 2_000;

/** A leased row after composing. */
export interface ComposedRow {
  row: LeasedRow;
  /** Its head as it was leased. */
  readHead: Position;
  /** Whether the row has something to be written down. */
  changed: boolean;
  /** Undefined: there was nothing to say, and the row is put to rest. */
  claim: ClaimedSignal | undefined;
}

const TYPES = [
  ...['text', 'bigint', 'bigint', 'boolean', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'int'],
  ...['text', 'text', 'bigint', 'bigint', 'int', 'text', 'text'],
];
const NAMES = `endpoint_id, token, revision, leased, read_head, signalled_through, head, due_at, confirm_through, confirm_due_at, reminder,
  open_signal, open_kind, open_after, open_through, open_count, open_traceparent, open_body`;

/** Writes down what was composed, under the leases and only if nobody has changed the endpoints since. */
export class PostgresComposed {
  private readonly position: string;

  constructor(
    private readonly engine: PostgresEngine,
    private readonly clock: DatabaseClock,
  ) {
    this.position = engine.table('endpoint_position');
  }

  /** Answers which were written. The others' leases are given back: they are composed anew, as they are now. */
  async save(composed: readonly ComposedRow[]): Promise<Set<EndpointId>> {
    const saved = new Set<EndpointId>();
    for (let at = 0; at < composed.length; at += MOST_ROWS) {
      for (const endpoint of await this.saveSome(composed.slice(at, at + MOST_ROWS))) saved.add(endpoint);
    }
    const others = composed.filter(({ row }) => !saved.has(row.endpoint_id));
    if (others.length > 0) await this.release(others.map(({ row }) => row));
    return saved;
  }

  private async saveSome(composed: readonly ComposedRow[]): Promise<EndpointId[]> {
    const now = this.clock.now();
    const list = jsonRows(
      TYPES,
      composed.map((one) => parameters(one, now)),
    );
    // An event that was woken for in between raised the head: nothing may lower it again, and a row that is put to rest stays due.
    const rows = await this.engine.rowsAgain<{ endpoint_id: EndpointId }>(
      `WITH v (${NAMES}) AS MATERIALIZED (${list.sql}), ${lockedInOrder(this.position)}
       UPDATE ${this.position} p SET
         signalled_through = v.signalled_through,
         head = CASE WHEN p.head > v.read_head THEN p.head ELSE v.head END,
         due_at = CASE WHEN v.leased THEN p.due_at
           WHEN p.head > v.read_head THEN greatest(${this.clock.sql}, p.not_before) ELSE v.due_at END,
         lease_owner = CASE WHEN v.leased THEN p.lease_owner END,
         lease_until = CASE WHEN v.leased THEN p.lease_until END,
         confirm_through = v.confirm_through, confirm_due_at = v.confirm_due_at, reminder = v.reminder,
         open_signal = v.open_signal, open_kind = v.open_kind, open_after = v.open_after, open_through = v.open_through,
         open_count = v.open_count, open_traceparent = v.open_traceparent, open_body = v.open_body
       FROM locked v
       WHERE p.endpoint_id = v.endpoint_id AND p.lease_token = v.token AND p.lease_owner IS NOT NULL AND p.revision = v.revision
       RETURNING p.endpoint_id`,
      [list.value],
    );
    return rows.map((row) => row.endpoint_id);
  }

  /** Gives leases back before anything was sent. Rows that another node has taken over are left alone. */
  async release(rows: readonly LeasedRow[]): Promise<void> {
    const list = jsonRows(
      ['text', 'bigint'],
      rows.map((row) => [row.endpoint_id, row.lease_token]),
    );
    await this.engine.rowsAgain(
      `WITH v (endpoint_id, token) AS MATERIALIZED (${list.sql}), ${lockedInOrder(this.position)}
       UPDATE ${this.position} p SET lease_owner = NULL, lease_until = NULL,
         due_at = CASE WHEN p.active = 1 OR p.notice IS NOT NULL THEN ${this.clock.sql} END
       FROM locked v
       WHERE p.endpoint_id = v.endpoint_id AND p.lease_token = v.token AND p.lease_owner IS NOT NULL`,
      [list.value],
    );
  }
}

function parameters({ row, readHead, claim }: ComposedRow, now: number): unknown[] {
  return [
    row.endpoint_id,
    row.lease_token,
    row.revision,
    claim !== undefined,
    readHead,
    row.signalled_through,
    row.head,
    restingDueAt(row, now),
    row.confirm_through,
    row.confirm_due_at,
    row.reminder,
    row.open_signal,
    row.open_kind,
    row.open_after,
    row.open_through,
    row.open_count,
    row.open_traceparent,
    row.open_body,
  ];
}
