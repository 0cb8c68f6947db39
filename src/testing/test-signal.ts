import { encodeCursor } from '../protocol/cursor.js';
import { HEADER, MEDIA_TYPE } from '../protocol/headers.js';
import { type EndpointId, type EventId, IdGenerator } from '../protocol/ids.js';
import type { Secret } from '../protocol/secrets.js';
import type { EventsAvailable, Signal } from '../protocol/signal.js';
import { signStandard } from '../protocol/standard-webhooks.js';

/** How a signal is signed, and when it claims to be. */
export interface TestSignalOptions {
  /** The endpoint's signing secret, `whsec_…`; several sign with each. */
  secret: Secret | readonly Secret[];
  /** Unix milliseconds; more than five minutes off and a receiver refuses it. Default `Date.now`. */
  now?: () => number;
  /** `webhook-id`; the same for a repeat. Default: a new one. */
  id?: string;
}

/** A signed request, to be sent with whatever sends requests: a body and the headers that go with it. */
export interface TestSignal {
  body: string;
  headers: Record<string, string>;
}

const ids = new IdGenerator();

/** What a signal for tests is about: a whole signal, or the events that it shall list. */
export type TestSignalContent = Signal | { events: readonly { id?: string; type: string }[] };

/**
 * A well-signed signal: `request(app).post('/signals').set(headers).send(body)`. Send another body, or change a header, and it is a forged one.
 *
 * @throws SignatureError `bad_secret`
 */
export function signTestSignal(content: TestSignalContent, options: TestSignalOptions): TestSignal {
  const { now = Date.now, id = ids.next('sig') } = options;
  const body = JSON.stringify('events' in content ? eventsAvailable(content.events, now()) : content);
  const timestamp = String(Math.floor(now() / 1000));
  const secrets = [options.secret].flat();
  return {
    body,
    headers: {
      'content-type': MEDIA_TYPE.json,
      [HEADER.webhookId]: id,
      [HEADER.webhookTimestamp]: timestamp,
      [HEADER.webhookSignature]: signStandard({ id, timestamp: Number(timestamp), body, secrets }),
    },
  };
}

function eventsAvailable(events: readonly { id?: string; type: string }[], now: number): EventsAvailable {
  return {
    type: 'events.available',
    timestamp: new Date(now).toISOString(),
    data: {
      endpoint: ids.next('ep') satisfies EndpointId,
      events: events.map(({ id, type }) => ({ id: (id ?? ids.next('evt')) as EventId, type })),
      after: encodeCursor({ partition: 0, position: 0 }),
      cursor: encodeCursor({ partition: 0, position: events.length }),
      more: false,
    },
  };
}
