import { HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { JsonBody } from '../../http/json-body.js';
import { Erasing } from '../log/erasing.js';
import { isoTime, isoTimeOrNull } from '../subscriptions/listing.js';
import { AdminController } from './admin-controller.js';
import { ApiProblems } from './api-problems.js';
import { CreateErasureDto, ErasureDocument } from './erasure.dto.js';

@AdminController('/erasures', 'Erasures')
export class ErasuresController {
  constructor(@Inject(Erasing) private readonly erasing: Erasing) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'eraseSubject',
    summary: 'Erase the payloads of a subject',
    description:
      'The payloads of all events that the subject has now are gone for good when this is answered; ids, positions and metadata ' +
      'stay. Whoever could read such an event is told 410 `gone_erased`. Once accepted it is finished, even if the connection breaks; ' +
      'asking again does no harm. Events that are published later are not touched.',
  })
  @ApiBody({ type: CreateErasureDto })
  @ApiOkResponse({ type: ErasureDocument, description: 'What was erased.' })
  @ApiProblems(...BODY_PROBLEMS)
  async erase(@JsonBody(CreateErasureDto) { tenant, subject }: CreateErasureDto): Promise<ErasureDocument> {
    const { id, events, acceptedAt, doneAt } = await this.erasing.erase(tenant, subject);
    return { id, tenant, subject, events, acceptedAt: isoTime(acceptedAt), doneAt: isoTimeOrNull(doneAt) };
  }
}
