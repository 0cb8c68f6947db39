import type { OpenAPIObject } from '@nestjs/swagger';
import type { SignalType } from '../../protocol/signal.js';
import { signalHeaders } from './signal-headers.docs.js';
import {
  CURSOR_BEFORE_EXAMPLE,
  CURSOR_EXAMPLE,
  ENDPOINT_ID_EXAMPLE,
  EVENT_ID_EXAMPLE,
  TIME_EXAMPLE,
} from './examples.js';

type Webhooks = NonNullable<OpenAPIObject['webhooks']>;
type Operation = NonNullable<Webhooks[string]['post']>;
type Schema = Extract<NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string], { type?: unknown }>;

interface Described {
  operationId: string;
  summary: string;
  description: string;
  data: Record<string, Schema>;
  example: Record<string, unknown>;
}

const endpoint: Schema = { type: 'string', example: ENDPOINT_ID_EXAMPLE };
const text = (description: string): Schema => ({ type: 'string', description });

const SIGNALS: Record<SignalType, Described> = {
  'events.available': {
    operationId: 'signalEventsAvailable',
    summary: 'New events wait',
    description:
      'Names new events, never their payloads: fetch those here, with your own credential. The same signal may come twice, and ' +
      'one that never comes loses nothing, since the feed has every event.',
    data: {
      endpoint,
      events: {
        type: 'array',
        minItems: 1,
        description: 'In log order.',
        items: {
          type: 'object',
          required: ['id', 'type'],
          properties: { id: { type: 'string' }, type: { type: 'string' } },
        },
      },
      after: text('The cursor before the first of them.'),
      cursor: text('The cursor of the last of them.'),
      more: { type: 'boolean', description: 'Whether further events wait.' },
    },
    example: {
      endpoint: ENDPOINT_ID_EXAMPLE,
      events: [{ id: EVENT_ID_EXAMPLE, type: 'invoice.paid' }],
      after: CURSOR_BEFORE_EXAMPLE,
      cursor: CURSOR_EXAMPLE,
      more: false,
    },
  },
  'endpoint.verification': {
    operationId: 'signalEndpointVerification',
    summary: 'Is this URL yours?',
    description:
      'Answer 2xx with `{ "challenge": "…" }`, as `application/json` and without a content encoding: the one that you got. It is another one ' +
      'with each attempt. Until then nothing else goes to this URL.',
    data: { endpoint, challenge: text('What to repeat.') },
    example: { endpoint: ENDPOINT_ID_EXAMPLE, challenge: 'Xl2bq1nJ5n0m3h6cTgI9Vw4s8yKzRAeUoPdFfHjLBMI' },
  },
  'endpoint.test': {
    operationId: 'signalEndpointTest',
    summary: 'A test',
    description: 'Somebody asked for a test signal. Answer 2xx.',
    data: { endpoint },
    example: { endpoint: ENDPOINT_ID_EXAMPLE },
  },
  'endpoint.disabled': {
    operationId: 'signalEndpointDisabled',
    summary: 'No more signals',
    description: 'The endpoint was disabled; its place in the log stays.',
    data: { endpoint, reason: text('Why.') },
    example: { endpoint: ENDPOINT_ID_EXAMPLE, reason: 'failing' },
  },
  'endpoint.enabled': {
    operationId: 'signalEndpointEnabled',
    summary: 'Signals again',
    description: 'The endpoint was enabled; signals go on from its place in the log.',
    data: { endpoint },
    example: { endpoint: ENDPOINT_ID_EXAMPLE },
  },
};

/**
 * The signals, for `webhooks` of the receivers' document: `SwaggerModule.createDocument(app, { ...config, webhooks: signalWebhooks() })`.
 * Not `@ApiWebhook()`: that needs a controller method, which Nest would route, and a producer must not serve its own signals.
 */
export function signalWebhooks(): Webhooks {
  return Object.fromEntries(
    Object.entries(SIGNALS).map(([type, described]) => [type, { post: operation(type, described) }]),
  );
}

function operation(type: string, { operationId, summary, description, data, example }: Described): Operation {
  return {
    operationId,
    summary,
    description,
    tags: ['Signals'],
    // Signed, not authenticated by a credential of this API.
    security: [],
    parameters: signalHeaders(type),
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: envelope(type, data), example: { type, timestamp: TIME_EXAMPLE, data: example } },
      },
    },
    responses: {
      '2XX': { description: 'Received. It says nothing about the events, which count as delivered once fetched.' },
      '410': { description: 'Never again: the endpoint is disabled.' },
      '429': { description: 'Later; `Retry-After` is obeyed, up to 24 h.' },
      '503': { description: 'Later; `Retry-After` is obeyed, up to 24 h.' },
      default: { description: 'Failed: tried again on the retry schedule. Redirects are not followed.' },
    },
  };
}

function envelope(type: string, data: Record<string, Schema>): Schema {
  return {
    type: 'object',
    required: ['type', 'timestamp', 'data'],
    properties: {
      type: { type: 'string', enum: [type] },
      timestamp: { type: 'string', format: 'date-time', description: 'When the signal was composed.' },
      data: { type: 'object', required: Object.keys(data), properties: data },
    },
  };
}
