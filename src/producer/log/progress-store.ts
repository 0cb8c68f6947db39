import type { ReceiverId } from '../../protocol/ids.js';
import type { Entitlement, Position } from './event-store.js';

/** How far a receiver is: everything that its endpoints select up to each mark was fetched, or stored for good. */
export interface ReceiverMarks {
  fetched: Position;
  acked: Position;
}

/** What one request of a receiver did to its progress. */
export type Progress =
  | { kind: 'fetched-through'; through: Position }
  | { kind: 'acked-through'; through: Position }
  | { kind: 'fetched'; positions: readonly Position[] }
  | { kind: 'acked'; positions: readonly Position[] };

export interface ReceiverProgress {
  receiver: ReceiverId;
  progress: Progress;
}

/**
 * Marks and receipts of receivers. A mark only ever moves forward; a receipt is an event fetched or acked above its mark,
 * folded into the mark once no older event that the receiver's endpoints select lacks one.
 */
export interface ProgressStore {
  /** The receiver's marks; zeros for one that never read. */
  marks(receiver: ReceiverId): Promise<ReceiverMarks>;

  /** Which of `positions` were fetched or acked out of order, above the marks. */
  receipts(receiver: ReceiverId, positions: readonly Position[]): Promise<Map<Position, 'fetched' | 'acked'>>;

  /**
   * Applies in order, durably, in one transaction for all. An ack is also a fetch. Marks take the greater value: two pages that
   * were asked for at the same time may arrive in either order.
   */
  apply(progress: readonly ReceiverProgress[]): Promise<void>;

  /** Positions of the readable events among `ids`, for acks by id; what is not readable is left out. */
  positionsOf(ids: readonly string[], entitlement: Entitlement): Promise<Position[]>;
}
