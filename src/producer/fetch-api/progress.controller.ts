import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Req,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
  Header,
} from '@nestjs/common';
import { invalid } from '../../http/dto-validation.js';
import { JsonBody } from '../../http/json-body.js';
import { ProblemFilter } from '../../http/problem.filter.js';
import { ID_PREFIX, isId, type EventId } from '../../protocol/ids.js';
import type { Authenticated } from '../access/authenticated.js';
import { AuditedAs, CurrentAccess, ReceiverGuard } from '../access/receiver.guard.js';
import { ReadPolicy } from '../access/read-policy.js';
import type { EventStore, Position } from '../log/event-store.js';
import type { ProgressStore } from '../log/progress-store.js';
import { EVENT_STORE, PROGRESS_STORE } from '../signpost-options.js';
import { AccessNote } from './access-note.js';
import { entitlementOf } from './entitlement.js';
import { cursorAt } from './event-representation.js';
import { READ_HEADERS } from './feed-answer.js';
import { placeOf, refuseForeign } from './feed-place.js';
import { ApiAck, ApiFetch, ApiPosition } from './fetch-api.docs.js';
import { AckBody } from './fetch-api.dto.js';
import type { FetchRequest } from './fetch-request.js';
import { LARGEST_LAG, type PositionView } from './fetch-api.views.js';
import { ProgressRecorder } from './progress-recorder.js';
import { ShownEvents } from './shown-events.js';

/** Payloads in memory at once, for the application to look at. */
const ASKED_AT_ONCE = 16;

/** Where a receiver stands, and its word that it has stored what it fetched. */
@ApiFetch('Progress')
@Controller({ path: 'v1', version: VERSION_NEUTRAL })
@UseGuards(ReceiverGuard)
@UseFilters(ProblemFilter)
export class ProgressController {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(PROGRESS_STORE) private readonly store: ProgressStore,
    @Inject(ProgressRecorder) private readonly progress: ProgressRecorder,
    @Inject(AccessNote) private readonly access: AccessNote,
    @Inject(ReadPolicy) private readonly policy: ReadPolicy,
    @Inject(ShownEvents) private readonly shown: ShownEvents,
  ) {}

  @Post('acks')
  @HttpCode(204)
  @AuditedAs('ack')
  @ApiAck()
  async ack(
    @JsonBody(AckBody) body: AckBody,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<void> {
    const { through, ids } = body;
    await this.access.denials(access, request, { action: 'ack', ids }, async () => {
      if (through !== undefined && ids === undefined) await this.ackThrough(through, access, request);
      else if (ids !== undefined && through === undefined) await this.ackIds(ids, access, request);
      else throw invalid([{ pointer: '', message: 'must have either `through` or `ids`, one of them' }]);
    });
  }

  @Get('position')
  @Header('cache-control', READ_HEADERS['cache-control'])
  @Header('vary', READ_HEADERS.vary)
  @AuditedAs('position')
  @ApiPosition()
  async position(@CurrentAccess() access: Authenticated, @Req() request: FetchRequest): Promise<PositionView> {
    // A receiver that asks right after a page expects to see that page counted.
    await this.progress.flush();
    const { acked, fetched } = await this.store.marks(access.receiver.id);
    const { partition, head } = await this.events.bounds(access.receiver.tenant);
    const lag = await this.events.count(entitlementOf(access), acked, head, LARGEST_LAG);
    this.access.note(access, request, { action: 'position', status: 200, count: 0 });
    const cursor = (position: Position) => cursorAt(partition, position);
    return { head: cursor(head), fetched: cursor(fetched), acked: cursor(acked), lag };
  }

  private async ackThrough(cursor: string, access: Authenticated, request: FetchRequest): Promise<void> {
    const place = placeOf(cursor, '/through');
    const through = place.position;
    refuseForeign(place, await this.events.bounds(access.receiver.tenant), '/through');
    await this.progress.recordDurably(access.receiver.id, { kind: 'acked-through', through });
    this.access.note(access, request, { action: 'ack', status: 204, through, count: 0 });
  }

  /** Ids that are not this receiver's are passed over: what it may not read it cannot ack, nor find out by acking. */
  private async ackIds(ids: readonly string[], access: Authenticated, request: FetchRequest): Promise<void> {
    const known = ids.filter((id) => isId(ID_PREFIX.event, id));
    const positions = known.length === 0 ? [] : await this.readable(known, access);
    if (positions.length > 0) await this.progress.recordDurably(access.receiver.id, { kind: 'acked', positions });
    this.access.note(access, request, { action: 'ack', status: 204, ids, count: positions.length });
  }

  /** Where an application has a say, it is asked: else an ack, which the marks show, would tell what is there. */
  private async readable(ids: readonly EventId[], access: Authenticated): Promise<Position[]> {
    if (!this.policy.asksApplication) return this.store.positionsOf(ids, entitlementOf(access));
    const positions: Position[] = [];
    for (let from = 0; from < ids.length; from += ASKED_AT_ONCE) {
      const shown = await this.shown.byId(ids.slice(from, from + ASKED_AT_ONCE), access);
      positions.push(...shown.map(({ position }) => position));
    }
    return positions;
  }
}
