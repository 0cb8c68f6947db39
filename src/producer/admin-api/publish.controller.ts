import { Inject, Post, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { JsonBody, MEBIBYTE } from '../../http/json-body.js';
import { AdminScope } from '../access/admin.guard.js';
import type { EventInput } from '../publish/event-input.js';
import { Publisher } from '../publish/publisher.js';
import { AdminController } from './admin-controller.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { NotAChange } from './change-audit.js';
import { eventSummary, PublishedBatchDocument, PublishedEventDocument } from './event.views.js';
import { PublishBatchDto, PublishEventDto } from './publish-event.dto.js';
import { ApiPublishHeaders, IdempotencyKey, Traceparent } from './publish-headers.js';

/** What both frameworks' responses have. */
interface StatusResponse {
  status(code: number): unknown;
}

const IN_THE_LOG = 'The log itself has what was published, and publishing must not wait for another commit.';
const BATCH_LIMIT = 8 * MEBIBYTE;

/** Publishing over HTTP, for producers that have no transaction to join. Needs only the scope for that. */
@AdminController('/events', 'Events')
@AdminScope('events:publish')
export class PublishController {
  constructor(@Inject(Publisher) private readonly publisher: Publisher) {}

  @Post()
  @NotAChange(IN_THE_LOG)
  @ApiOperation({
    operationId: 'publishEvent',
    summary: 'Publish an event',
    description: 'Answers when the event is durable. Needs the scope `events:publish` or `admin`.',
  })
  @ApiPublishHeaders()
  @ApiBody({ type: PublishEventDto })
  @ApiCreatedResponse({ type: PublishedEventDocument, description: 'The event, as it stands in the log.' })
  @ApiOkResponse({
    type: PublishedEventDocument,
    description: 'The idempotency key was used before: the first answer.',
  })
  @ApiProblems(...BODY_PROBLEMS, 'idempotency_conflict')
  async publish(
    @JsonBody(PublishEventDto) body: PublishEventDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Traceparent() traceparent: string | undefined,
    @Res({ passthrough: true }) response: StatusResponse,
  ): Promise<PublishedEventDocument> {
    const event = { ...eventInput(body, traceparent), ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    const [published] = await this.publisher.publishAlone([event]);
    if (!published) throw new Error('The publisher answered with no event');
    if (published.repeated) response.status(200);
    return eventSummary(published);
  }

  @Post('batch')
  @NotAChange(IN_THE_LOG)
  @ApiOperation({
    operationId: 'publishEvents',
    summary: 'Publish a batch of events',
    description:
      'All or none, in this order, 8 MiB at most. An idempotency key is for the batch as a whole. Needs the scope ' +
      '`events:publish` or `admin`.',
  })
  @ApiPublishHeaders()
  @ApiBody({ type: PublishBatchDto })
  @ApiCreatedResponse({ type: PublishedBatchDocument, description: 'The ids of the events.' })
  @ApiOkResponse({
    type: PublishedBatchDocument,
    description: 'The idempotency key was used before: the first answer.',
  })
  @ApiProblems(...BODY_PROBLEMS, 'idempotency_conflict')
  async publishBatch(
    @JsonBody(PublishBatchDto, { limit: BATCH_LIMIT }) { events }: PublishBatchDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Traceparent() traceparent: string | undefined,
    @Res({ passthrough: true }) response: StatusResponse,
  ): Promise<PublishedBatchDocument> {
    const published = await this.publisher.publishAlone(
      events.map((event) => eventInput(event, traceparent)),
      { idempotencyKey },
    );
    if (published.some((event) => event.repeated)) response.status(200);
    return { ids: published.map((event) => event.id) };
  }
}

function eventInput({ data, ...said }: PublishEventDto, traceparent: string | undefined): EventInput {
  return { ...said, dataText: data.text, ...(traceparent === undefined ? {} : { traceparent }) };
}
