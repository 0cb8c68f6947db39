import { Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ProblemException } from '../../http/problem-exception.js';
import { ValidQuery } from '../../http/query.js';
import { decodeCursor, encodeCursor } from '../../protocol/cursor.js';
import type { EventId } from '../../protocol/ids.js';
import type { EventStore } from '../log/event-store.js';
import { EVENT_STORE } from '../signpost-options.js';
import { EndpointStandings } from '../subscriptions/endpoint-standing.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { ApiProblems } from './api-problems.js';
import { ApiEventListQuery, EventListQueryDto } from './event-list.query.js';
import { EventDetailDocument, eventDetail, eventMetadata, EventPageDocument } from './event.views.js';
import { PathId } from './path-id.js';

/** What the operator sees of events: everything but the payload. */
@AdminController('/events', 'Events')
export class EventsController {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(EndpointStandings) private readonly standings: EndpointStandings,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'List events',
    description:
      'In the order of the log, without payloads. With a filter that seldom matches, a page may be short or empty while ' +
      '`more` is true: go on from its cursor.',
  })
  @ApiEventListQuery()
  @ApiOkResponse({ type: EventPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  async list(@ValidQuery(EventListQueryDto) { after, ...query }: EventListQueryDto): Promise<EventPageDocument> {
    const place = after === undefined ? { partition: 0, position: 0 } : decodeCursor(after);
    const page = await this.events.listMetadata({ ...query, after: place });
    return {
      items: page.events.map(eventMetadata),
      cursor: encodeCursor({ partition: page.partition, position: page.through }),
      more: page.more,
    };
  }

  @Get(':eventId')
  @ApiOperation({
    operationId: 'getEvent',
    summary: 'Get an event and where it stands',
    description: 'Without its payload: that leaves through the fetch API only.',
  })
  @ApiId('eventId', 'event')
  @ApiOkResponse({ type: EventDetailDocument, description: 'The event, and how far it has come with each endpoint.' })
  @ApiProblems('not_found')
  async get(@PathId('eventId', 'evt') id: EventId): Promise<EventDetailDocument> {
    const event = await this.events.metadata(id);
    if (!event) throw new ProblemException('not_found');
    return eventDetail(event, await this.standings.of(event));
  }
}
