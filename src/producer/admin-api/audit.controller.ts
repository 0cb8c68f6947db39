import { Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ValidQuery } from '../../http/query.js';
import type { CredentialId, EventId, ReceiverId } from '../../protocol/ids.js';
import { AccessLog } from '../access/access-log.js';
import { ChangeLog } from '../access/change-log.js';
import type { EventStore } from '../log/event-store.js';
import { EVENT_STORE } from '../signpost-options.js';
import {
  AccessPageDocument,
  AccessQueryDto,
  ApiAccessQuery,
  ApiChangeQuery,
  ChangePageDocument,
  ChangeQueryDto,
} from './access.dto.js';
import { AdminController } from './admin-controller.js';
import { ApiProblems } from './api-problems.js';
import { isOrdinal, readList } from './list-cursor.js';

const BOUNDED =
  'Newest first. A page looks at a bounded number of rows: it may be short or empty while `more` is true; go on from its cursor.';

@AdminController('', 'Audit')
export class AuditController {
  constructor(
    @Inject(AccessLog) private readonly access: AccessLog,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(EVENT_STORE) private readonly events: EventStore,
  ) {}

  @Get('access')
  @ApiOperation({
    operationId: 'listAccess',
    summary: 'Who read what',
    description:
      `Every read and every denial of the fetch API. ${BOUNDED} With \`event\`: single reads and batches that named it, and pages of the ` +
      'feed that went over its place in the log; such a page handed it out unless its `types`, which are in the row, or the rights of the receiver at the time, left it out.',
  })
  @ApiAccessQuery()
  @ApiOkResponse({ type: AccessPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  async listAccess(@ValidQuery(AccessQueryDto) query: AccessQueryDto): Promise<AccessPageDocument> {
    const event = query.event === undefined ? undefined : await this.eventOf(query.event as EventId);
    const filter = {
      receiver: query.receiver as ReceiverId | undefined,
      credential: query.credential as CredentialId | undefined,
      event,
      ...spanOf(query),
    };
    return readList(query, isOrdinal, (request) => this.access.list({ ...request, ...filter }));
  }

  @Get('changes')
  @ApiOperation({
    operationId: 'listChanges',
    summary: 'Who changed what',
    description:
      `Every change that was made or refused, over this API, by a receiver on its own endpoints, or by \`signpost rotate-master-key\`; and what Signpost itself made of an ` +
      `endpoint: \`endpoint.verified\`, \`endpoint.unverified\`, \`endpoint.failing\`, \`endpoint.gone\`. ${BOUNDED}`,
  })
  @ApiChangeQuery()
  @ApiOkResponse({ type: ChangePageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  listChanges(@ValidQuery(ChangeQueryDto) query: ChangeQueryDto): Promise<ChangePageDocument> {
    const { target, actor, action, receiver } = query;
    const filter = { target, actor, action, receiver: receiver as ReceiverId | undefined, ...spanOf(query) };
    return readList(query, isOrdinal, (request) => this.changes.list({ ...request, ...filter }));
  }

  private async eventOf(id: EventId) {
    const known = await this.events.metadata(id);
    return { id, place: known && { tenant: known.tenant, position: known.position } };
  }
}

function spanOf({ since, until }: { since?: string; until?: string }) {
  return {
    since: since === undefined ? undefined : Date.parse(since),
    until: until === undefined ? undefined : Date.parse(until),
  };
}
