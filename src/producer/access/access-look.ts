import type { AccessFilter, AccessStream } from './access-rows.js';
import { timeFilters, type Condition, type LookQuery } from './bounded-look.js';

const COLUMNS = `ordinal, at, receiver_id AS receiver, credential_id AS credential, action, status, event_ids AS ids,
    after_position AS "after", through_position AS through, event_count AS count, address, credential_kind AS kind, identity, types`;

/** How rows of `signpost_access` are found; the same on both databases. */
export function accessLook(
  table: string,
  receivers: string,
  stream: AccessStream,
  { receiver, credential, ...span }: AccessFilter,
): LookQuery {
  const filters: Condition[] = timeFilters(span);
  if (credential !== undefined) filters.push({ sql: 'credential_id = ?', values: [credential] });
  if (receiver !== undefined && stream.kind !== 'receiver') {
    filters.push({ sql: 'receiver_id = ?', values: [receiver] });
  }
  if (stream.kind === 'several') filters.push(concerning(receivers, stream));
  return { table, columns: COLUMNS, stream: streamOf(stream), filters };
}

function streamOf(stream: AccessStream): Condition[] {
  switch (stream.kind) {
    case 'all':
      return [];
    case 'receiver':
      return [{ sql: 'receiver_id = ?', values: [stream.receiver] }];
    case 'single-reads':
      // The action stands in the text: the index is of these rows only.
      return [{ sql: `action = 'event' AND event_ids = ?`, values: [JSON.stringify([stream.event])] }];
    case 'several':
      return [{ sql: `action IN ('feed', 'batch')`, values: [] }];
  }
}

/** A batch that named the event, or a page of its tenant's log that went over its place. */
function concerning(receivers: string, { event, place }: Extract<AccessStream, { kind: 'several' }>): Condition {
  // An underscore stands for any character.
  const named = { sql: `event_ids LIKE ? ESCAPE '\\'`, values: [`%"${event.replaceAll('_', '\\_')}"%`] };
  if (!place) return named;
  const { tenant, position } = place;
  return {
    // Whose receiver is gone may have been of that tenant: rather one row too many than one too few.
    sql: `${named.sql} OR (action = 'feed' AND event_count > 0 AND coalesce(after_position, 0) < ? AND through_position >= ?
      AND coalesce((SELECT r.tenant FROM ${receivers} r WHERE r.id = looked.receiver_id), ?) = ?)`,
    values: [...named.values, position, position, tenant, tenant],
  };
}
