import { Inject, Injectable } from '@nestjs/common';
import { reply, rawResponse } from '../../http/reply.js';
import { replyInParts } from '../../http/reply-in-parts.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { isAuthFailure, type Authenticated } from '../access/authenticated.js';
import { Authenticator } from '../access/authenticator.js';
import { CHALLENGE } from '../access/receiver.guard.js';
import { unauthorized } from '../access/unauthorized.js';
import type { Entitlement, Page, Position, StoredEvent } from '../log/event-store.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { RequestLimits } from '../limits/request-limits.js';
import { AccessNote } from './access-note.js';
import type { FEED_TYPES_SERVED } from './accepted-type.js';
import { entitlementOf, isNarrowed } from './entitlement.js';
import { EventReader } from './event-reader.js';
import { cursorAt, isReadable } from './event-representation.js';
import { pageAnswer, pageLines, READ_HEADERS } from './feed-answer.js';
import { feedStart } from './feed-place.js';
import { FeedReader } from './feed-reader.js';
import type { FeedQuery } from './fetch-api.dto.js';
import type { FetchRequest } from './fetch-request.js';
import { ProgressRecorder } from './progress-recorder.js';
import { ShownEvents } from './shown-events.js';

const MS_PER_SECOND = 1_000;
const LONGEST_WAIT_MS = 30_000;

export interface FeedCall {
  query: FeedQuery;
  /** Looked up again during a long answer. */
  access: Authenticated;
  request: FetchRequest;
  response: unknown;
  mediaType: (typeof FEED_TYPES_SERVED)[number];
}

/** A page as the reader gets it, with the positions of all that was read for it. */
type ShownPage = Page<StoredEvent> & { read: readonly Position[] };

/** Answers a request for a page of the feed, and moves the receiver's marks. */
@Injectable()
export class Feed {
  private readonly maxWaitMs: number;

  constructor(
    @Inject(FeedReader) private readonly reader: FeedReader,
    @Inject(EventReader) private readonly events: EventReader,
    @Inject(ShownEvents) private readonly shown: ShownEvents,
    @Inject(ProgressRecorder) private readonly progress: ProgressRecorder,
    @Inject(AccessNote) private readonly note: AccessNote,
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(RequestLimits) private readonly limits: RequestLimits,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'fetchApi'>,
  ) {
    this.maxWaitMs = options.fetchApi?.maxWaitMs ?? LONGEST_WAIT_MS;
  }

  async answer(call: FeedCall): Promise<void> {
    const { query, access, response, mediaType } = call;
    const gone = new AbortController();
    rawResponse(response).once('close', () => gone.abort());
    const start = feedStart(query.after);
    const first = await this.reader.first(entitlementOf(access, query.types), start, query.limit);
    // Before the wait, since the receiver has said it; after the cursor was found to be one of this log.
    if (this.moves(call) && typeof start === 'object') {
      this.progress.record(access.receiver.id, { kind: 'acked-through', through: start.position });
    }
    const waitMs = Math.min(query.wait * MS_PER_SECOND, this.maxWaitMs);
    const page = waitMs > 0 && first.events.length === 0 ? await this.wait(call, first, waitMs, gone.signal) : first;
    // Nobody is there to read it, so nothing was fetched.
    if (gone.signal.aborted) return;
    const after = typeof start === 'object' ? start.position : undefined;
    const shown = await this.shownOf(page, call);
    if (mediaType === MEDIA_TYPE.ndjson) return this.stream(call, shown, after);
    if (gone.signal.aborted) return;
    this.handedOut(call, shown, after);
    reply(response, pageAnswer(shown, mediaType, this.events.source));
  }

  /** @throws ProblemException (`rate_limited`): too many of the credential's wait already */
  private async wait(
    call: FeedCall,
    first: Page<StoredEvent>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Page<StoredEvent>> {
    const { query, access } = call;
    const leave = this.limits.enterWait(access);
    try {
      const entitlement = () => this.entitlementNow(call);
      return await this.reader.wait(first, {
        tenant: access.receiver.tenant,
        limit: query.limit,
        waitMs,
        signal,
        entitlement,
      });
    } finally {
      leave();
    }
  }

  /** Goes on past the byte limit of a page, one page in memory at a time, up to the limit that was asked for. */
  private async stream(call: FeedCall, first: ShownPage, after: Position | undefined): Promise<void> {
    const headers: Record<string, string> = { ...READ_HEADERS, 'content-type': MEDIA_TYPE.ndjson };
    // The last line has the cursor to go on from; without any line the header has it.
    if (first.events.length === 0) headers['signpost-cursor'] = cursorAt(first.partition, first.through);
    await replyInParts(call.response, { status: 200, headers }, this.lines(call, first, after));
  }

  private async *lines(call: FeedCall, first: ShownPage, after: Position | undefined) {
    let left = call.query.limit;
    let place = after;
    for (let page = first; ;) {
      this.handedOut(call, page, place);
      yield pageLines(page);
      left -= page.read.length;
      place = page.through;
      if (left <= 0 || !page.more || page.read.length === 0) return;
      page = await this.shownOf(await this.reader.next(await this.entitlementNow(call), place, left), call);
    }
  }

  /** The page as the reader gets it: its end stays where it is, whatever is not shown. An erased event keeps its position and has nothing to show. */
  private async shownOf({ events, ...page }: Page<StoredEvent>, { access }: FeedCall): Promise<ShownPage> {
    const shown = await this.shown.of(events.filter(isReadable), access);
    return { ...page, events: shown.filter(isReadable), read: events.map(({ position }) => position) };
  }

  private handedOut(call: FeedCall, page: ShownPage, after: Position | undefined): void {
    const { query, access, request } = call;
    const { events, read, through } = page;
    const { types } = query;
    this.note.note(access, request, { action: 'feed', status: 200, after, through, count: events.length, types });
    if (!this.moves(call)) return;
    if (!isNarrowed(access, query.types)) {
      this.progress.record(access.receiver.id, { kind: 'fetched-through', through });
    } else if (read.length > 0) {
      // Others read the types that are not in this page: its end says nothing about those.
      this.progress.record(access.receiver.id, { kind: 'fetched', positions: read });
    }
  }

  /** HEAD hands nothing out, and so moves nothing. */
  private moves({ query, request }: FeedCall): boolean {
    return query.ack && request.method === 'GET';
  }

  private async entitlementNow(call: FeedCall): Promise<Entitlement> {
    const { query, request } = call;
    const access = await this.authenticator.authenticate(request);
    if (isAuthFailure(access)) throw unauthorized(CHALLENGE, access.reason);
    call.access = access;
    return entitlementOf(access, query.types);
  }
}
