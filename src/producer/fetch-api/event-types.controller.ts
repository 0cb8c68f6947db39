import { Controller, Get, Header, Inject, Param, Req, UseFilters, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { unwrapListCursor, wrapListCursor } from '../../http/list-cursor.js';
import { ProblemException } from '../../http/problem-exception.js';
import { ProblemFilter } from '../../http/problem.filter.js';
import { ValidQuery } from '../../http/query.js';
import { isEventType, matchesEventType } from '../../protocol/event-type.js';
import type { Authenticated } from '../access/authenticated.js';
import { AuditedAs, CurrentAccess, ReceiverGuard } from '../access/receiver.guard.js';
import { NotFoundError } from '../subscriptions/errors.js';
import { EventTypesService } from '../subscriptions/event-types.service.js';
import { AccessNote } from './access-note.js';
import { entitlementOf } from './entitlement.js';
import { READ_HEADERS } from './feed-answer.js';
import { ApiEventType, ApiEventTypes, ApiFetch } from './fetch-api.docs.js';
import { EventTypesQuery } from './fetch-api.dto.js';
import type { FetchRequest } from './fetch-request.js';
import { eventTypeView, type EventTypePageView, type ReadableEventTypeView } from './fetch-api.views.js';

/** Rows looked at for one page, at most, in stretches of the page's limit: most of a large catalogue may be others'. */
const MOST_STRETCHES = 10;

/** The catalogue, as far as the receiver may read the events. */
@ApiFetch('Event types')
@Controller({ path: 'v1/event-types', version: VERSION_NEUTRAL })
@UseGuards(ReceiverGuard)
@UseFilters(ProblemFilter)
@AuditedAs('event-types')
export class EventTypesController {
  constructor(
    @Inject(EventTypesService) private readonly types: EventTypesService,
    @Inject(AccessNote) private readonly access: AccessNote,
  ) {}

  @Get()
  @Header('cache-control', READ_HEADERS['cache-control'])
  @Header('vary', READ_HEADERS.vary)
  @ApiEventTypes()
  async list(
    @ValidQuery(EventTypesQuery) { after, limit }: EventTypesQuery,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EventTypePageView> {
    const items: ReadableEventTypeView[] = [];
    let cursor = after === undefined ? null : unwrapListCursor(after, isEventType);
    let more = true;
    for (let stretch = 0; more && items.length < limit && stretch < MOST_STRETCHES; stretch++) {
      const page = await this.types.list({ after: cursor ?? undefined, limit: limit - items.length });
      items.push(...page.items.filter(({ name }) => mayRead(access, name)).map(eventTypeView));
      cursor = page.cursor ?? cursor;
      more = page.more;
    }
    this.access.note(access, request, { action: 'event-types', status: 200, count: 0 });
    return { items, cursor: cursor === null ? null : wrapListCursor(cursor), more };
  }

  @Get(':type')
  @Header('cache-control', READ_HEADERS['cache-control'])
  @Header('vary', READ_HEADERS.vary)
  @ApiEventType()
  async type(
    @Param('type') name: string,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<ReadableEventTypeView> {
    return this.access.denials(access, request, { action: 'event-types' }, async () => {
      if (!isEventType(name) || !mayRead(access, name)) throw new ProblemException('not_found');
      const found = await this.find(name);
      this.access.note(access, request, { action: 'event-types', status: 200, count: 0 });
      return eventTypeView(found);
    });
  }

  private async find(name: string) {
    try {
      return await this.types.get(name);
    } catch (cause) {
      if (cause instanceof NotFoundError) throw new ProblemException('not_found', undefined, { cause });
      throw cause;
    }
  }
}

function mayRead(access: Authenticated, name: string): boolean {
  return entitlementOf(access).types.every((patterns) => matchesEventType(patterns, name));
}
