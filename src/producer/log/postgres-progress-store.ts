import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { Entitlement, Position } from './event-store.js';
import { PostgresFold } from './postgres-fold.js';
import { postgresTypeCondition } from './postgres-types.js';
import type { ProgressStore, ReceiverMarks, ReceiverProgress } from './progress-store.js';

/**
 * Marks and receipts on PostgreSQL. What a call applies is several statements, each durable by itself: marks only grow and receipts are a set,
 * so a crash in between is as if the rest had not been said yet, and several nodes may apply at the same time.
 */
export class PostgresProgressStore implements ProgressStore {
  private readonly fold: PostgresFold;
  private readonly receipt: string;

  constructor(private readonly engine: PostgresEngine) {
    this.fold = new PostgresFold(engine);
    this.receipt = engine.table('receipt');
  }

  async marks(receiver: ReceiverId): Promise<ReceiverMarks> {
    return (await this.fold.marks(receiver)) ?? { fetched: 0, acked: 0 };
  }

  async receipts(receiver: ReceiverId, positions: readonly Position[]): Promise<Map<Position, 'fetched' | 'acked'>> {
    const rows = await this.engine.rowsAgain<{ position: Position; acked: number }>(
      `SELECT position, acked FROM ${this.receipt} WHERE receiver_id = $1 AND position = ANY ($2::bigint[])`,
      [receiver, positions],
    );
    return new Map(rows.map((row) => [row.position, row.acked === 1 ? 'acked' : 'fetched']));
  }

  async apply(progress: readonly ReceiverProgress[]): Promise<void> {
    await this.raiseMarks(progress);
    const withReceipts = await this.addReceipts(progress);
    const moved = new Set(progress.map(({ receiver }) => receiver));
    await Promise.all([...moved].map((receiver) => this.fold.run(receiver, withReceipts.has(receiver))));
  }

  async positionsOf(ids: readonly string[], { tenant, types }: Entitlement): Promise<Position[]> {
    const condition = postgresTypeCondition(types, 'e.type', 3);
    const rows = await this.engine.rowsAgain<{ position: Position }>(
      `SELECT l.position FROM ${this.engine.table('event')} e JOIN ${this.engine.table('log')} l ON l.ordinal = e.ordinal
       WHERE e.id = ANY ($1) AND e.tenant = $2${condition.sql}`,
      [ids, tenant, ...condition.values],
    );
    return rows.map(({ position }) => position);
  }

  /** One row for each receiver, in the order of their ids: two nodes that raise the same marks wait for each other and do not deadlock. */
  private async raiseMarks(progress: readonly ReceiverProgress[]): Promise<void> {
    const raised = new Map<ReceiverId, { fetched: Position; acked: Position }>();
    for (const { receiver, progress: step } of progress) {
      if (step.kind !== 'fetched-through' && step.kind !== 'acked-through') continue;
      const marks = raised.get(receiver) ?? { fetched: 0, acked: 0 };
      // An ack is also a fetch.
      marks.fetched = Math.max(marks.fetched, step.through);
      if (step.kind === 'acked-through') marks.acked = Math.max(marks.acked, step.through);
      raised.set(receiver, marks);
    }
    if (raised.size > 0) await this.fold.raise(raised);
  }

  private async addReceipts(progress: readonly ReceiverProgress[]): Promise<Set<ReceiverId>> {
    // Acked wins where an event is in both.
    const receipts = new Map<string, { receiver: ReceiverId; position: Position; acked: number }>();
    for (const { receiver, progress: step } of progress) {
      if (step.kind !== 'fetched' && step.kind !== 'acked') continue;
      for (const position of step.positions) {
        const key = `${position} ${receiver}`;
        const acked = step.kind === 'acked' ? 1 : (receipts.get(key)?.acked ?? 0);
        receipts.set(key, { receiver, position, acked });
      }
    }
    const list = [...receipts.values()].sort((a, b) =>
      a.receiver < b.receiver ? -1 : a.receiver > b.receiver ? 1 : a.position - b.position,
    );
    if (list.length === 0) return new Set();
    // Only above the mark. A receiver that was deleted meanwhile is in no table any more.
    const rows = await this.engine.rowsAgain<{ receiver_id: ReceiverId }>(
      `INSERT INTO ${this.receipt} AS c (receiver_id, position, acked)
       SELECT g.receiver_id, g.position, g.acked FROM unnest($1::text[], $2::bigint[], $3::int[]) AS g (receiver_id, position, acked)
       JOIN ${this.engine.table('receiver')} r ON r.id = g.receiver_id
       LEFT JOIN ${this.engine.table('receiver_position')} m ON m.receiver_id = g.receiver_id
       WHERE g.position > coalesce(CASE WHEN g.acked = 1 THEN m.acked_through ELSE m.fetched_through END, 0)
       ORDER BY g.receiver_id, g.position
       ON CONFLICT (receiver_id, position) DO UPDATE SET acked = greatest(c.acked, excluded.acked)
       RETURNING receiver_id`,
      [list.map(({ receiver }) => receiver), list.map(({ position }) => position), list.map(({ acked }) => acked)],
    );
    return new Set(rows.map((row) => row.receiver_id));
  }
}
