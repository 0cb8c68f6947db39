import { Delete, Get, HttpCode, Inject, Patch, Post } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
} from '@nestjs/swagger';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { RawJson } from '../../http/raw-json.js';
import { isEventType } from '../../protocol/event-type.js';
import { EventTypesService, type DataSchema } from '../subscriptions/event-types.service.js';
import { AdminController } from './admin-controller.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { CreateEventTypeDto, EventTypeDocument, EventTypePageDocument, UpdateEventTypeDto } from './event-type.dto.js';
import { readList } from './list-cursor.js';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { PathEventType } from './path-id.js';

const ApiName = () => ApiParam({ name: 'type', description: 'The event type.', example: 'invoice.paid' });

const schemaOf = (schema: RawJson | undefined) =>
  schema === undefined ? undefined : (JSON.parse(schema.text) as DataSchema | null);

@AdminController('/event-types', 'Event types')
export class EventTypesController {
  constructor(@Inject(EventTypesService) private readonly eventTypes: EventTypesService) {}

  @Post()
  @ApiOperation({
    operationId: 'createEventType',
    summary: 'Describe an event type',
    description:
      'The catalogue is for receivers to read; an event type that is not in it can be published all the same. Only ' +
      '`sensitiveFields` is more than words.',
  })
  @ApiBody({ type: CreateEventTypeDto })
  @ApiCreatedResponse({ type: EventTypeDocument, description: 'The event type.' })
  @ApiProblems(...BODY_PROBLEMS, 'conflict')
  create(@JsonBody(CreateEventTypeDto) body: CreateEventTypeDto): Promise<EventTypeDocument> {
    return this.eventTypes.create({ ...body, schema: schemaOf(body.schema) });
  }

  @Get()
  @ApiOperation({ operationId: 'listEventTypes', summary: 'List event types', description: 'In the order of names.' })
  @ApiListQuery()
  @ApiOkResponse({ type: EventTypePageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  list(@ValidQuery(ListQueryDto) query: ListQueryDto): Promise<EventTypePageDocument> {
    return readList(query, isEventType, (request) => this.eventTypes.list(request));
  }

  @Get(':type')
  @ApiOperation({ operationId: 'getEventType', summary: 'Get an event type' })
  @ApiName()
  @ApiOkResponse({ type: EventTypeDocument, description: 'The event type.' })
  @ApiProblems('not_found')
  get(@PathEventType('type') type: string): Promise<EventTypeDocument> {
    return this.eventTypes.get(type);
  }

  @Patch(':type')
  @ApiOperation({
    operationId: 'updateEventType',
    summary: 'Change an event type',
    description: 'What is left out stays as it is; null takes it away.',
  })
  @ApiName()
  @ApiBody({ type: UpdateEventTypeDto })
  @ApiOkResponse({ type: EventTypeDocument, description: 'The event type as it is now.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  update(
    @PathEventType('type') type: string,
    @JsonBody(UpdateEventTypeDto) body: UpdateEventTypeDto,
  ): Promise<EventTypeDocument> {
    return this.eventTypes.update(type, { ...body, schema: schemaOf(body.schema) });
  }

  @Delete(':type')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteEventType', summary: 'Take an event type out of the catalogue' })
  @ApiName()
  @ApiNoContentResponse({ description: 'It is gone; its events stay. A type with sensitive fields is kept.' })
  @ApiProblems('not_found', 'conflict')
  remove(@PathEventType('type') type: string): Promise<void> {
    return this.eventTypes.remove(type);
  }
}
