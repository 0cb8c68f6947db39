import { applyDecorators } from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { ProblemDocument } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { CURSOR_EXAMPLE, EVENT_ID_EXAMPLE } from './examples.js';
import {
  AckBody,
  BatchReadBody,
  DEFAULT_FEED_LIMIT,
  EVENT_VIEWS,
  LARGEST_FEED_LIMIT,
  LONGEST_WAIT_SECONDS,
} from './fetch-api.dto.js';
import {
  BatchDocument,
  CloudEventDocument,
  EventDocument,
  EventTypePageView,
  FeedPageDocument,
  PositionView,
  ReadableEventTypeView,
} from './fetch-api.views.js';

/** Names of the security schemes in the receivers' document: a bearer API key, or a credential's id and its key by Basic. */
export const API_KEY_SECURITY = 'apiKey';
export const BASIC_SECURITY = 'basic';

const BODY_PROBLEMS = ['invalid_request', 'malformed_json', 'payload_too_large', 'unsupported_media_type'] as const;
const text = (description: string, example: string) => ({ description, schema: { type: 'string' as const, example } });
const VALIDATORS = {
  ETag: text('Strong validator of this representation.', `"${EVENT_ID_EXAMPLE}"`),
  'Cache-Control': text('Kept by its reader only, and asked about each time.', 'private, no-cache'),
};
const schemaOf = (type: abstract new () => object) => ({ schema: { $ref: getSchemaPath(type as new () => object) } });

/** Documents what all routes of a controller have in common. */
export const ApiFetch = (tag: string): ClassDecorator =>
  applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(API_KEY_SECURITY),
    ApiBasicAuth(BASIC_SECURITY),
    ApiExtraModels(ProblemDocument, EventDocument, CloudEventDocument, FeedPageDocument),
    ApiProblems('unauthorized', 'forbidden', 'rate_limited', 'unavailable'),
  );

export const ApiEvent = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getEvent',
      summary: 'Fetch one event',
      description:
        'The payload of an event that a signal listed. Fetching it stops the reminders for it. Ask for ' +
        '`application/cloudevents+json` to get it as CloudEvents 1.0. With `view=current` the answer also has the resource as it is ' +
        'now, for event types whose producer can tell it: as JSON only, without a validator, not to be kept.',
    }),
    ApiParam({ name: 'id', description: 'The id from the signal.', example: EVENT_ID_EXAMPLE }),
    ApiQuery({
      name: 'view',
      required: false,
      description: 'Left out: the event. `current`: beside it, as `current`, its resource as it is now.',
      schema: { type: 'string', enum: [...EVENT_VIEWS] },
    }),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'An `ETag` from before: 304 instead of the payload, which never changes.',
      schema: { type: 'string' },
    }),
    ApiResponse({
      status: 200,
      description: 'The event.',
      headers: VALIDATORS,
      content: {
        [MEDIA_TYPE.json]: schemaOf(EventDocument),
        [MEDIA_TYPE.cloudEvent]: schemaOf(CloudEventDocument),
      },
    }),
    ApiResponse({ status: 304, description: 'You have it already.', headers: VALIDATORS }),
    ApiProblems('invalid_request', 'not_found', 'not_acceptable', 'gone_erased', 'gone_expired', 'too_early'),
  );

export const ApiFeed = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'readFeed',
      summary: 'Read the feed',
      description:
        'Events in log order, from where you stand. Asking `after` a cursor says that everything up to it is stored for ' +
        'good, whatever `types` is, unless `ack=false`. A page may be empty and still move on: go on from its cursor. As ' +
        '`application/x-ndjson` the events come one a line, and the last line has the cursor to go on from; without any line it ' +
        'stands in `Signpost-Cursor`. As `application/cloudevents-batch+json` the place stands in headers.',
    }),
    ApiQuery({
      name: 'after',
      required: false,
      description: 'A cursor, or `now` for the end of the log. Left out: from the oldest retained event.',
      schema: { type: 'string', example: CURSOR_EXAMPLE },
    }),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'Events of one page, at most. A page of large payloads holds fewer.',
      schema: { type: 'integer', minimum: 1, maximum: LARGEST_FEED_LIMIT, default: DEFAULT_FEED_LIMIT },
    }),
    ApiQuery({
      name: 'types',
      required: false,
      explode: false,
      description: 'Only these: exact types, `prefix.*`, or `*`; separated by commas, or repeated.',
      schema: { type: 'array', items: { type: 'string' }, example: ['invoice.*'] },
    }),
    ApiQuery({
      name: 'wait',
      required: false,
      description: 'Seconds to wait for an event where there is none yet.',
      schema: { type: 'integer', minimum: 0, maximum: LONGEST_WAIT_SECONDS, default: 0 },
    }),
    ApiQuery({
      name: 'ack',
      required: false,
      description: '`false` reads without moving anything: neither `after` nor the page counts.',
      schema: { type: 'boolean', default: true },
    }),
    ApiResponse({
      status: 200,
      description: 'A page.',
      headers: {
        'Signpost-Cursor': text('With a CloudEvents batch, and with NDJSON without a line.', CURSOR_EXAMPLE),
        'Signpost-More': text('With a CloudEvents batch: whether the log goes on.', 'false'),
      },
      content: {
        [MEDIA_TYPE.json]: schemaOf(FeedPageDocument),
        [MEDIA_TYPE.cloudEventBatch]: {
          schema: { type: 'array', items: { $ref: getSchemaPath(CloudEventDocument) } },
        },
        [MEDIA_TYPE.ndjson]: { schema: { type: 'string', description: 'One event a line.' } },
      },
    }),
    ApiProblems('invalid_request', 'invalid_cursor', 'not_acceptable', 'cursor_expired'),
  );

export const ApiBatchRead = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getEvents',
      summary: 'Fetch several events',
      description: 'All the events of a signal in one request; each id is answered by itself.',
    }),
    ApiBody({ type: BatchReadBody }),
    ApiResponse({ status: 200, description: 'A result for each id.', type: BatchDocument }),
    ApiProblems(...BODY_PROBLEMS),
  );

export const ApiAck = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'acknowledge',
      summary: 'Acknowledge events',
      description:
        'Says that events are stored for good: `through` a cursor, or by `ids`; one of the two. Repeating it does no harm. Ids that ' +
        'you may not read are passed over.',
    }),
    ApiBody({
      type: AckBody,
      examples: {
        through: { summary: 'Everything up to a cursor', value: { through: CURSOR_EXAMPLE } },
        ids: { summary: 'Single events', value: { ids: [EVENT_ID_EXAMPLE] } },
      },
    }),
    ApiResponse({ status: 204, description: 'Written down durably.' }),
    ApiProblems(...BODY_PROBLEMS, 'invalid_cursor'),
  );

export const ApiPosition = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ operationId: 'getPosition', summary: 'Where you stand', description: 'Your marks in the log.' }),
    ApiResponse({ status: 200, description: 'Your marks.', type: PositionView }),
  );

export const ApiEventTypes = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listEventTypes',
      summary: 'List event types',
      description: 'The catalogue in the order of names, as far as you may read the events.',
    }),
    ApiQuery({
      name: 'after',
      required: false,
      description: 'The `cursor` of the page before.',
      schema: { type: 'string' },
    }),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'Items of one page, at most.',
      schema: { type: 'integer', minimum: 1, maximum: LARGEST_FEED_LIMIT, default: DEFAULT_FEED_LIMIT },
    }),
    ApiResponse({ status: 200, description: 'A page.', type: EventTypePageView }),
    ApiProblems('invalid_request', 'invalid_cursor'),
  );

export const ApiEventType = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ operationId: 'getEventType', summary: 'One event type', description: 'With its JSON Schema.' }),
    ApiParam({ name: 'type', example: 'invoice.paid' }),
    ApiResponse({ status: 200, description: 'The event type.', type: ReadableEventTypeView }),
    ApiProblems('not_found'),
  );
