import { Delete, Get, HttpCode, Inject, Patch, Post } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
} from '@nestjs/swagger';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { ReceiverId } from '../../protocol/ids.js';
import { ReceiversService } from '../subscriptions/receivers.service.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { isIdOf, readList } from './list-cursor.js';
import { ApiListQuery } from './list.dto.js';
import { PathId } from './path-id.js';
import {
  CreateReceiverDto,
  ReceiverDocument,
  ReceiverListQueryDto,
  ReceiverPageDocument,
  UpdateReceiverDto,
} from './receiver.dto.js';

@AdminController('/receivers', 'Receivers')
export class ReceiversController {
  constructor(@Inject(ReceiversService) private readonly receivers: ReceiversService) {}

  @Post()
  @ApiOperation({
    operationId: 'createReceiver',
    summary: 'Create a receiver',
    description: 'One consuming application. It reads the events of its tenant, of the types admitted here.',
  })
  @ApiBody({ type: CreateReceiverDto })
  @ApiCreatedResponse({ type: ReceiverDocument, description: 'The receiver.' })
  @ApiProblems(...BODY_PROBLEMS)
  create(@JsonBody(CreateReceiverDto) body: CreateReceiverDto): Promise<ReceiverDocument> {
    return this.receivers.create(body);
  }

  @Get()
  @ApiOperation({ operationId: 'listReceivers', summary: 'List receivers', description: 'In the order of creation.' })
  @ApiListQuery()
  @ApiQuery({ name: 'tenant', required: false, description: 'Only those of this tenant.', schema: { type: 'string' } })
  @ApiOkResponse({ type: ReceiverPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  list(@ValidQuery(ReceiverListQueryDto) query: ReceiverListQueryDto): Promise<ReceiverPageDocument> {
    return readList(query, isIdOf('rcv'), (request) => this.receivers.list({ ...request, tenant: query.tenant }));
  }

  @Get(':receiverId')
  @ApiOperation({ operationId: 'getReceiver', summary: 'Get a receiver' })
  @ApiId('receiverId', 'receiver')
  @ApiOkResponse({ type: ReceiverDocument, description: 'The receiver.' })
  @ApiProblems('not_found')
  get(@PathId('receiverId', 'rcv') id: ReceiverId): Promise<ReceiverDocument> {
    return this.receivers.get(id);
  }

  @Patch(':receiverId')
  @ApiOperation({
    operationId: 'updateReceiver',
    summary: 'Change a receiver',
    description: 'What is left out stays as it is. A narrower `eventTypes` holds for earlier events as well.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiBody({ type: UpdateReceiverDto })
  @ApiOkResponse({ type: ReceiverDocument, description: 'The receiver as it is now.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  update(
    @PathId('receiverId', 'rcv') id: ReceiverId,
    @JsonBody(UpdateReceiverDto) body: UpdateReceiverDto,
  ): Promise<ReceiverDocument> {
    return this.receivers.update(id, body);
  }

  @Delete(':receiverId')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteReceiver',
    summary: 'Delete a receiver',
    description: 'With its endpoints, its credentials and its place in the log. Events stay.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('not_found')
  remove(@PathId('receiverId', 'rcv') id: ReceiverId): Promise<void> {
    return this.receivers.remove(id);
  }
}
