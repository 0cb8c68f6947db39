import { matchesEventType } from '../../protocol/event-type.js';
import type { Position } from './event-store.js';

/** Log entries, and receipts, looked at in one fold, at most; the next fold goes on where this one stopped. */
export const FOLD_LIMIT = 10_000;

/** What a receiver's endpoints select. */
export interface FoldSelection {
  tenant: string;
  /** Patterns of what the receiver may read. */
  admitted: string[];
  endpoints: { patterns: string[]; start: Position }[];
}

export interface SelectionRow {
  tenant: string;
  event_types: string;
}

export interface EndpointSelectionRow {
  event_types: string;
  start_position: number;
}

/** Without endpoints, every event that the receiver may read counts as selected. */
export function foldSelection(receiver: SelectionRow, endpoints: readonly EndpointSelectionRow[]): FoldSelection {
  return {
    tenant: receiver.tenant,
    admitted: JSON.parse(receiver.event_types) as string[],
    endpoints:
      endpoints.length === 0
        ? [{ patterns: ['*'], start: 0 }]
        : endpoints.map((endpoint) => ({
            patterns: JSON.parse(endpoint.event_types) as string[],
            start: endpoint.start_position,
          })),
  };
}

/** From where the log is read for a fold: no endpoint selects anything at or before the first one's start. */
export function foldStart({ endpoints }: FoldSelection, mark: Position, lastReceipt: Position): Position {
  const start = Math.min(...endpoints.map((endpoint) => endpoint.start));
  return Math.max(mark, Math.min(start, lastReceipt));
}

/** The mark after folding: never over a selected entry that has no receipt. `entries` are those from `start` to the last receipt. */
export function foldedMark(
  { admitted, endpoints }: FoldSelection,
  start: Position,
  entries: Iterable<{ position: Position; type: string }>,
  receipts: ReadonlySet<Position>,
): Position {
  let reached = start;
  for (const { position, type } of entries) {
    const selected =
      matchesEventType(admitted, type) &&
      endpoints.some((endpoint) => position > endpoint.start && matchesEventType(endpoint.patterns, type));
    if (selected && !receipts.has(position)) break;
    reached = position;
  }
  return reached;
}
