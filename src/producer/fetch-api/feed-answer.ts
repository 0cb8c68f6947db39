import type { Answer } from '../../http/reply.js';
import { TextPieces } from '../../http/text-pieces.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import type { Page, StoredEvent } from '../log/event-store.js';
import { cursorAt, eventCloudEvent, eventJson, isReadable, type ReadableEvent } from './event-representation.js';

/** Of everything that a credential was needed for: kept by its reader only, and asked about each time. */
export const READ_HEADERS = { 'cache-control': 'private, no-cache', vary: 'Authorization, Accept' } as const;

/** A page as one JSON object, or as a CloudEvents batch whose place in the feed stands in headers. */
export function pageAnswer(
  page: Page<StoredEvent>,
  mediaType: typeof MEDIA_TYPE.json | typeof MEDIA_TYPE.cloudEventBatch,
  source: string,
): Answer {
  const cursor = cursorAt(page.partition, page.through);
  // An erased event keeps its position and has nothing to show.
  const events = page.events.filter(isReadable);
  if (mediaType === MEDIA_TYPE.cloudEventBatch) {
    return {
      status: 200,
      headers: {
        ...READ_HEADERS,
        'content-type': mediaType,
        'signpost-cursor': cursor,
        'signpost-more': String(page.more),
      },
      body: listed('[', events, (event) => eventCloudEvent(event, source), ']'),
    };
  }
  return {
    status: 200,
    headers: { ...READ_HEADERS, 'content-type': mediaType },
    body: listed('{"events":[', events, eventJson, `],"cursor":"${cursor}","more":${page.more}}`),
  };
}

/** The events of a page, one a line; nothing for a page without any. */
export function pageLines(page: Page<StoredEvent>): readonly string[] {
  const lines = new TextPieces();
  for (const event of page.events) if (isReadable(event)) lines.add(`${onOneLine(eventJson(event))}\n`);
  return lines.all();
}

function listed(
  before: string,
  events: readonly ReadableEvent[],
  textOf: (event: ReadableEvent) => string,
  after: string,
): readonly string[] {
  const pieces = new TextPieces();
  let between = before;
  for (const event of events) {
    pieces.add(between + textOf(event));
    between = ',';
  }
  pieces.add(events.length === 0 ? before + after : after);
  return pieces.all();
}

/** A payload that was sent with line breaks keeps them, but not here; inside strings JSON has none, so nothing else changes. */
function onOneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]/g, ' ') : json;
}
