import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  Res,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { JsonBody } from '../../http/json-body.js';
import { ProblemFilter } from '../../http/problem.filter.js';
import { OptionalQuery, ValidQuery } from '../../http/query.js';
import { reply } from '../../http/reply.js';
import { replyInParts } from '../../http/reply-in-parts.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import type { Authenticated } from '../access/authenticated.js';
import { AuditedAs, CurrentAccess, ReceiverGuard } from '../access/receiver.guard.js';
import { RequestLimits } from '../limits/request-limits.js';
import type { Position } from '../log/event-store.js';
import { AccessNote } from './access-note.js';
import { acceptedType, EVENT_TYPES_SERVED, FEED_TYPES_SERVED } from './accepted-type.js';
import { BatchRead } from './batch-read.js';
import { isNoneMatch } from './conditional.js';
import { EventReader } from './event-reader.js';
import { READ_HEADERS } from './feed-answer.js';
import { Feed } from './feed.js';
import { ApiBatchRead, ApiEvent, ApiFeed, ApiFetch } from './fetch-api.docs.js';
import { BatchReadBody, EventQuery, FeedQuery } from './fetch-api.dto.js';
import type { FetchRequest } from './fetch-request.js';
import { LiveView } from './live-view.js';
import { problemOfRead } from './problem-of-read.js';
import { ProgressRecorder } from './progress-recorder.js';

/** Payloads: one, a page of the feed, or several by id. */
@ApiFetch('Events')
@Controller({ path: 'v1', version: VERSION_NEUTRAL })
@UseGuards(ReceiverGuard)
@UseFilters(ProblemFilter)
export class EventsController {
  constructor(
    @Inject(EventReader) private readonly reader: EventReader,
    @Inject(Feed) private readonly feed: Feed,
    @Inject(BatchRead) private readonly batchRead: BatchRead,
    @Inject(LiveView) private readonly live: LiveView,
    @Inject(ProgressRecorder) private readonly progress: ProgressRecorder,
    @Inject(AccessNote) private readonly access: AccessNote,
    @Inject(RequestLimits) private readonly limits: RequestLimits,
  ) {}

  @Get('events/:id')
  @AuditedAs('event')
  @ApiEvent()
  async event(
    @Param('id') id: string,
    @OptionalQuery(EventQuery) { view }: EventQuery,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
    @Res() response: unknown,
  ): Promise<void> {
    this.limits.admitRead(request);
    if (view === 'current') return this.currentEvent(id, access, request, response);
    const mediaType = acceptedType(request.headers.accept, EVENT_TYPES_SERVED);
    const ids = [id];
    const read = await this.access.denials(access, request, { action: 'event', ids }, () =>
      this.reader.one(id, access, mediaType),
    );
    if (read.kind !== 'found') {
      if (read.kind === 'not_found') this.limits.missed(request);
      const problem = problemOfRead(read);
      this.access.note(access, request, { action: 'event', status: problem.getStatus(), ids, count: 0 });
      // Who was told that the payload is gone need not be reminded of it.
      if (read.kind === 'gone' && request.method === 'GET') this.fetched(access, read.position);
      throw problem;
    }
    const unchanged = isNoneMatch(request.headers['if-none-match'], read.etag);
    const status = unchanged ? 304 : 200;
    this.access.note(access, request, { action: 'event', status, ids, count: unchanged ? 0 : 1 });
    // HEAD hands out no payload; with a 304 the receiver has it already.
    if (request.method === 'GET') this.fetched(access, read.position);
    const headers = { ...READ_HEADERS, etag: read.etag };
    if (unchanged) reply(response, { status, headers, body: '' });
    else reply(response, { status, headers: { ...headers, 'content-type': mediaType }, body: read.body });
  }

  @Get('events')
  @AuditedAs('feed')
  @ApiFeed()
  async page(
    @ValidQuery(FeedQuery) query: FeedQuery,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
    @Res() response: unknown,
  ): Promise<void> {
    await this.access.denials(access, request, { action: 'feed' }, async () => {
      const mediaType = acceptedType(request.headers.accept, FEED_TYPES_SERVED);
      await this.feed.answer({ query, access, request, response, mediaType });
    });
  }

  @Post('events/batch')
  @HttpCode(200)
  @AuditedAs('batch')
  @ApiBatchRead()
  async batch(
    @JsonBody(BatchReadBody) { ids }: BatchReadBody,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
    @Res() response: unknown,
  ): Promise<void> {
    const parts = this.batchRead.parts(ids, access, request);
    const headers = { ...READ_HEADERS, 'content-type': MEDIA_TYPE.json };
    await this.access.denials(access, request, { action: 'batch', ids }, () =>
      replyInParts(response, { status: 200, headers }, parts),
    );
  }

  /** The answer is of this moment: nobody may keep it, and there is no validator. */
  private async currentEvent(
    id: string,
    access: Authenticated,
    request: FetchRequest,
    response: unknown,
  ): Promise<void> {
    const ids = [id];
    const read = await this.access.denials(access, request, { action: 'event', ids }, () => {
      acceptedType(request.headers.accept, [MEDIA_TYPE.json]);
      return this.live.read(id, access);
    });
    this.access.note(access, request, { action: 'event', status: 200, ids, count: 1 });
    if (request.method === 'GET') this.fetched(access, read.position);
    const headers = { ...READ_HEADERS, 'cache-control': 'private, no-store', 'content-type': MEDIA_TYPE.json };
    reply(response, { status: 200, headers, body: read.body });
  }

  private fetched({ receiver }: Authenticated, position: Position): void {
    this.progress.record(receiver.id, { kind: 'fetched', positions: [position] });
  }
}
