import { ProblemDocument } from '../../http/api-problems.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { DataSchema, EventTypeView } from '../subscriptions/event-types.service.js';
import {
  CURSOR_BEFORE_EXAMPLE,
  CURSOR_EXAMPLE,
  EVENT_ID_EXAMPLE,
  OTHER_EVENT_ID_EXAMPLE,
  TIME_EXAMPLE,
} from './examples.js';

/** Events are counted to this many: the lag of a receiver that never reads must not cost a scan of the log. */
export const LARGEST_LAG = 100_000;

const CURSOR_DESCRIPTION = 'Opaque. Hand it back exactly as it was received.';
const REDACTED_DESCRIPTION =
  'JSON pointers into `data` of what was withheld, as the event type declares them: a token `*` stands for each member or element. A member ' +
  'is left out, an element of a list is null, and so is the whole. Only there where something was withheld.';
const ANY_JSON = {
  description: 'The payload: any JSON value, byte for byte as it was published, but for what was withheld.',
  oneOf: [
    { type: 'object', additionalProperties: true },
    { type: 'array', items: {} },
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'null' },
  ],
  example: { number: 'INV-2026-0042', total: '119.00', currency: 'EUR' },
};

/** The resource of an event as it is now. */
export class CurrentDocument {
  @ApiProperty({ enum: ['found', 'gone'], description: '`gone`: there is no such thing any more.', example: 'found' })
  state!: 'found' | 'gone';
  @ApiProperty({ format: 'date-time', description: 'It is this new, at least.', example: TIME_EXAMPLE })
  asOf!: string;
  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { type: 'number' }],
    description: 'Of the resource, where the producer has one.',
    example: '17',
  })
  version?: string | number;
  @ApiPropertyOptional({ ...ANY_JSON, description: 'The resource: any JSON value. With `found` only.' } as Parameters<
    typeof ApiProperty
  >[0])
  data?: unknown;
  @ApiPropertyOptional({
    type: [String],
    description: 'As beside the payload, of `data` here.',
    example: ['/customer/email'],
  })
  redacted?: string[];
}

/** An event, payload included. */
export class EventDocument {
  @ApiProperty({ example: EVENT_ID_EXAMPLE })
  id!: string;
  @ApiProperty({ example: 'invoice.paid' })
  type!: string;
  @ApiProperty({ example: 'acme' })
  tenant!: string;
  @ApiProperty({ type: String, nullable: true, description: 'What the event is about.', example: 'INV-2026-0042' })
  subject!: string | null;
  @ApiProperty({ format: 'date-time', description: 'When it happened.', example: TIME_EXAMPLE })
  occurredAt!: string;
  @ApiProperty({ format: 'date-time', description: 'When it was published.', example: TIME_EXAMPLE })
  recordedAt!: string;
  @ApiProperty({ description: `Its place in the feed. ${CURSOR_DESCRIPTION}`, example: CURSOR_EXAMPLE })
  cursor!: string;
  @ApiProperty(ANY_JSON as Parameters<typeof ApiProperty>[0])
  data!: unknown;
  @ApiPropertyOptional({ type: [String], description: REDACTED_DESCRIPTION, example: ['/customer/email'] })
  redacted?: string[];
  @ApiPropertyOptional({
    type: () => CurrentDocument,
    description:
      'With `view=current`: the resource as it is now. `data` beside it is what it was at the event, and never changes.',
  })
  current?: CurrentDocument;
}

/** The event in the JSON format of CloudEvents 1.0. */
export class CloudEventDocument {
  @ApiProperty({ enum: ['1.0'], example: '1.0' })
  specversion!: string;
  @ApiProperty({ example: EVENT_ID_EXAMPLE })
  id!: string;
  @ApiProperty({ format: 'uri', example: 'https://events.example.com' })
  source!: string;
  @ApiProperty({ example: 'invoice.paid' })
  type!: string;
  @ApiPropertyOptional({ description: 'Left out when the event has none.', example: 'INV-2026-0042' })
  subject?: string;
  @ApiProperty({ format: 'date-time', description: 'When it happened.', example: TIME_EXAMPLE })
  time!: string;
  @ApiProperty({ enum: ['application/json'], example: 'application/json' })
  datacontenttype!: string;
  @ApiProperty({ example: 'acme' })
  tenant!: string;
  @ApiProperty({ format: 'date-time', description: 'When it was published.', example: TIME_EXAMPLE })
  recordedtime!: string;
  @ApiProperty({ description: CURSOR_DESCRIPTION, example: CURSOR_EXAMPLE })
  cursor!: string;
  @ApiPropertyOptional({
    description: 'What was withheld, as the JSON text of a list of JSON pointers. Only there where something was.',
    example: '["/customer/email"]',
  })
  redacted?: string;
  @ApiProperty(ANY_JSON as Parameters<typeof ApiProperty>[0])
  data!: unknown;
}

export class FeedPageDocument {
  @ApiProperty({ type: () => [EventDocument], description: 'In log order; empty when there is nothing to read.' })
  events!: EventDocument[];
  @ApiProperty({ description: `Pass it as \`after\` to go on. ${CURSOR_DESCRIPTION}`, example: CURSOR_EXAMPLE })
  cursor!: string;
  @ApiProperty({ description: 'Whether the log goes on: ask again at once.', example: false })
  more!: boolean;
}

export class BatchResultDocument {
  @ApiProperty({ example: EVENT_ID_EXAMPLE })
  id!: string;
  @ApiProperty({ enum: [200, 404, 410], type: Number, example: 200 })
  status!: 200 | 404 | 410;
  @ApiPropertyOptional({ type: () => EventDocument, description: 'With status 200.' })
  event?: EventDocument;
  @ApiPropertyOptional({ type: () => ProblemDocument, description: 'With any other status.' })
  problem?: ProblemDocument;
}

export class BatchDocument {
  @ApiProperty({
    type: () => [BatchResultDocument],
    description: 'One for each id of the request, in its order.',
    example: [
      {
        id: OTHER_EVENT_ID_EXAMPLE,
        status: 404,
        problem: { type: 'urn:signpost:problem:not_found', title: 'There is no such thing here', status: 404 },
      },
    ],
  })
  results!: BatchResultDocument[];
}

export class PositionView {
  @ApiProperty({ description: 'The end of the log.', example: CURSOR_EXAMPLE })
  head!: string;
  @ApiProperty({ description: 'Everything up to here was fetched.', example: CURSOR_EXAMPLE })
  fetched!: string;
  @ApiProperty({ description: 'Everything up to here was acknowledged.', example: CURSOR_BEFORE_EXAMPLE })
  acked!: string;
  @ApiProperty({
    type: 'integer',
    description: `Readable events that were not acknowledged; counted to ${LARGEST_LAG}.`,
    example: 1,
  })
  lag!: number;
}

export class SensitiveFieldView {
  @ApiProperty({
    description: 'JSON pointer into `data`; a token `*` stands for each member or element.',
    example: '/customer/email',
  })
  pointer!: string;
  @ApiProperty({ description: 'Scope of a credential that opens it.', example: 'pii:read' })
  scope!: string;
}

export class ReadableEventTypeView {
  @ApiProperty({ example: 'invoice.paid' })
  name!: string;
  @ApiProperty({ type: String, nullable: true, example: 'An invoice was paid in full.' })
  description!: string | null;
  @ApiProperty({
    type: Object,
    nullable: true,
    description: 'JSON Schema of `data`; null when none was given.',
    example: { type: 'object', required: ['number'], properties: { number: { type: 'string' } } },
  })
  schema!: DataSchema | null;
  @ApiProperty({
    type: () => [SensitiveFieldView],
    description: 'What is withheld from credentials without the scope, and listed in `redacted`.',
    example: [{ pointer: '/customer/email', scope: 'pii:read' }],
  })
  sensitiveFields!: SensitiveFieldView[];
}

export class EventTypePageView {
  @ApiProperty({ type: () => [ReadableEventTypeView] })
  items!: ReadableEventTypeView[];
  @ApiProperty({ type: String, nullable: true, description: 'Pass it as `after` to go on.', example: 'invoice.paid' })
  cursor!: string | null;
  @ApiProperty({ description: 'Whether there is a page behind this one.', example: false })
  more!: boolean;
}

export function eventTypeView(type: EventTypeView): ReadableEventTypeView {
  const { name, description, schema, sensitiveFields } = type;
  return { name, description, schema, sensitiveFields };
}
