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
const ANY_JSON = {
  description: 'The payload: any JSON value, byte for byte as it was published.',
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
}

export class EventTypePageView {
  @ApiProperty({ type: () => [ReadableEventTypeView] })
  items!: ReadableEventTypeView[];
  @ApiProperty({ type: String, nullable: true, description: 'Pass it as `after` to go on.', example: 'invoice.paid' })
  cursor!: string | null;
  @ApiProperty({ description: 'Whether there is a page behind this one.', example: false })
  more!: boolean;
}

export function eventTypeView({ name, description, schema }: EventTypeView): ReadableEventTypeView {
  return { name, description, schema };
}
