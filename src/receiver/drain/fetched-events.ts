import type { EventView } from '../../protocol/event.js';
import type { FetchedEvent, Lane } from '../inbox/inbox-store.js';
import type { HandlingOrder } from '../receiver-options.js';

/** The one lane that all events are in with the order `all`; no subject is empty text. */
const ONE_LANE = '';

/** The events of a page as the inbox stores them. */
export function fetchedEvents(events: readonly EventView[], order: HandlingOrder): FetchedEvent[] {
  return events.map((event) => ({
    id: event.id,
    type: event.type,
    tenant: event.tenant,
    subject: event.subject,
    occurredAt: Date.parse(event.occurredAt),
    recordedAt: Date.parse(event.recordedAt),
    cursor: event.cursor,
    data: JSON.stringify(event.data),
    redacted: event.redacted ?? null,
    lane: laneOf(event.subject, order),
  }));
}

function laneOf(subject: string | null, order: HandlingOrder): Lane {
  switch (order) {
    case 'none':
      return null;
    case 'subject':
      return subject;
    case 'all':
      return ONE_LANE;
  }
}
