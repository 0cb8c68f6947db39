import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { ReceiverId } from '../../protocol/ids.js';
import type { Position } from './event-store.js';
import {
  FOLD_LIMIT,
  foldedMark,
  foldSelection,
  foldStart,
  type EndpointSelectionRow,
  type FoldSelection,
  type SelectionRow,
} from './fold.js';
import type { ReceiverMarks } from './progress-store.js';

/** Moves receivers' marks, also over their receipts. Every write is right whatever another node writes: marks take the greater value. */
export class PostgresFold {
  private readonly receiver: string;
  private readonly receipt: string;
  private readonly position: string;

  constructor(private readonly engine: PostgresEngine) {
    this.receiver = engine.table('receiver');
    this.receipt = engine.table('receipt');
    this.position = engine.table('receiver_position');
  }

  async marks(receiver: ReceiverId): Promise<ReceiverMarks | undefined> {
    const [row] = await this.engine.rowsAgain<ReceiverMarks>(
      `SELECT fetched_through AS fetched, acked_through AS acked FROM ${this.position} WHERE receiver_id = $1`,
      [receiver],
    );
    return row;
  }

  async raise(marks: ReadonlyMap<ReceiverId, ReceiverMarks>): Promise<void> {
    const list = [...marks].sort(([a], [b]) => (a < b ? -1 : 1));
    await this.engine.rowsAgain(
      `INSERT INTO ${this.position} AS m (receiver_id, fetched_through, acked_through)
       SELECT g.receiver_id, g.fetched, g.acked FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS g (receiver_id, fetched, acked)
       JOIN ${this.receiver} r ON r.id = g.receiver_id ORDER BY g.receiver_id
       ON CONFLICT (receiver_id) DO UPDATE SET
         fetched_through = greatest(m.fetched_through, excluded.fetched_through),
         acked_through = greatest(m.acked_through, excluded.acked_through)
       -- A version that says the same would be dead weight.
       WHERE m.fetched_through < excluded.fetched_through OR m.acked_through < excluded.acked_through`,
      [list.map(([id]) => id), list.map(([, { fetched }]) => fetched), list.map(([, { acked }]) => acked)],
    );
  }

  /** See `foldReceipts` of the SQLite store. */
  async run(receiver: ReceiverId, withReceipts: boolean): Promise<void> {
    if (withReceipts) await this.advanceBoth(receiver);
    await this.engine.rowsAgain(
      `DELETE FROM ${this.receipt} c USING ${this.position} m
       WHERE m.receiver_id = $1 AND c.receiver_id = $1 AND c.position <= m.fetched_through
         AND (c.acked = 0 OR c.position <= m.acked_through)`,
      [receiver],
    );
  }

  private async advanceBoth(receiver: ReceiverId): Promise<void> {
    const selection = await this.selection(receiver);
    if (!selection) return;
    const before = (await this.marks(receiver)) ?? { fetched: 0, acked: 0 };
    const fetched = await this.advance(receiver, selection, before.fetched, false);
    const acked = await this.advance(receiver, selection, before.acked, true);
    if (fetched === before.fetched && acked === before.acked) return;
    await this.raise(new Map([[receiver, { fetched: Math.max(fetched, acked), acked }]]));
  }

  private async selection(receiver: ReceiverId): Promise<FoldSelection | undefined> {
    const [row] = await this.engine.rowsAgain<SelectionRow>(
      `SELECT tenant, event_types FROM ${this.receiver} WHERE id = $1`,
      [receiver],
    );
    if (!row) return undefined;
    const endpoints = await this.engine.rowsAgain<EndpointSelectionRow>(
      `SELECT event_types, start_position FROM ${this.engine.table('endpoint')} WHERE receiver_id = $1`,
      [receiver],
    );
    return foldSelection(row, endpoints);
  }

  private async advance(
    receiver: ReceiverId,
    selection: FoldSelection,
    mark: Position,
    acked: boolean,
  ): Promise<Position> {
    const rows = await this.engine.rowsAgain<{ position: Position }>(
      `SELECT position FROM ${this.receipt} WHERE receiver_id = $1 AND position > $2 AND acked >= $3 ORDER BY position LIMIT ${FOLD_LIMIT}`,
      [receiver, mark, acked ? 1 : 0],
    );
    const last = rows.at(-1)?.position;
    if (last === undefined) return mark;
    const start = foldStart(selection, mark, last);
    const entries = await this.engine.rowsAgain<{ position: Position; type: string }>(
      `SELECT position, type FROM ${this.engine.table('log')} WHERE tenant = $1 AND position > $2 AND position <= $3
       ORDER BY position LIMIT ${FOLD_LIMIT}`,
      [selection.tenant, start, last],
    );
    return foldedMark(selection, start, entries, new Set(rows.map(({ position }) => position)));
  }
}
