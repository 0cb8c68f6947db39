import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { Entitlement, Position } from './event-store.js';
import type { ProgressStore, ReceiverMarks, ReceiverProgress } from './progress-store.js';
import { foldReceipts } from './sqlite-fold.js';
import { typeCondition } from './type-condition.js';

const MARKS =
  'SELECT fetched_through AS fetched, acked_through AS acked FROM signpost_receiver_position WHERE receiver_id = ?';

// An ack is also a fetch, and marks only grow: pages asked for at the same time may arrive here in either order. The
// select from the receiver's row keeps a receiver that was deleted meanwhile from failing the whole batch.
const RAISE = `INSERT INTO signpost_receiver_position (receiver_id, fetched_through, acked_through)
  SELECT id, ?, ? FROM signpost_receiver WHERE id = ?
  ON CONFLICT (receiver_id) DO UPDATE SET
    fetched_through = max(fetched_through, excluded.fetched_through),
    acked_through = max(acked_through, excluded.acked_through)`;

const RECEIPT = `INSERT INTO signpost_receipt (receiver_id, position, acked)
  SELECT id, ?, ? FROM signpost_receiver WHERE id = ?
  ON CONFLICT (receiver_id, position) DO UPDATE SET acked = max(acked, excluded.acked)`;

/** Marks and receipts on SQLite. */
export class SqliteProgressStore implements ProgressStore {
  constructor(private readonly turns: SqliteTurns) {}

  marks(receiver: ReceiverId): Promise<ReceiverMarks> {
    return this.turns.read('marks', () => this.marksNow(receiver));
  }

  receipts(receiver: ReceiverId, positions: readonly Position[]): Promise<Map<Position, 'fetched' | 'acked'>> {
    return this.turns.read('receipts', () => {
      const rows = this.turns
        .prepare(
          `SELECT position, acked FROM signpost_receipt
           WHERE receiver_id = ? AND position IN (SELECT value FROM json_each(?))`,
        )
        .all(receiver, JSON.stringify(positions)) as { position: number; acked: 0 | 1 }[];
      return new Map(rows.map((row) => [row.position, row.acked === 1 ? 'acked' : 'fetched']));
    });
  }

  apply(progress: readonly ReceiverProgress[]): Promise<void> {
    return this.turns.step('progress', () => {
      const withReceipts = new Set<ReceiverId>();
      const moved = new Set<ReceiverId>();
      for (const { receiver, progress: step } of progress) {
        moved.add(receiver);
        if (step.kind === 'fetched-through' || step.kind === 'acked-through') {
          const acked = step.kind === 'acked-through' ? step.through : 0;
          this.turns.prepare(RAISE).run(step.through, acked, receiver);
        } else if (this.addReceipts(receiver, step.positions, step.kind === 'acked' ? 1 : 0)) {
          withReceipts.add(receiver);
        }
      }
      for (const receiver of moved) foldReceipts(this.turns, receiver, withReceipts.has(receiver));
    });
  }

  positionsOf(ids: readonly string[], entitlement: Entitlement): Promise<Position[]> {
    const condition = typeCondition(entitlement.types);
    return this.turns.read('positions', () => {
      const rows = this.turns
        .prepare(
          `SELECT ordinal FROM signpost_event
           WHERE id IN (SELECT value FROM json_each(?)) AND tenant = ?${condition.sql}`,
        )
        .all(JSON.stringify(ids), entitlement.tenant, ...condition.parameters) as { ordinal: number }[];
      return rows.map((row) => row.ordinal);
    });
  }

  private marksNow(receiver: ReceiverId): ReceiverMarks {
    return (this.turns.prepare(MARKS).get(receiver) as ReceiverMarks | undefined) ?? { fetched: 0, acked: 0 };
  }

  private addReceipts(receiver: ReceiverId, positions: readonly Position[], acked: 0 | 1): boolean {
    const marks = this.marksNow(receiver);
    const above = positions.filter((position) => position > (acked ? marks.acked : marks.fetched));
    for (const position of above) this.turns.prepare(RECEIPT).run(position, acked, receiver);
    return above.length > 0;
  }
}
