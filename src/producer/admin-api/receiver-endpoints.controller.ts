import { Get, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { ReceiverId } from '../../protocol/ids.js';
import { authOf } from '../endpoint-api/endpoint-auth.dto.js';
import { EndpointsService } from '../subscriptions/endpoints.service.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { EndpointPageDocument, EndpointWithSecretDocument } from '../endpoint-api/endpoint.views.js';
import { isIdOf, readList } from './list-cursor.js';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { CreateEndpointDto } from './operator-endpoint.dto.js';
import { PathId } from './path-id.js';

@AdminController('/receivers/:receiverId/endpoints', 'Endpoints')
export class ReceiverEndpointsController {
  constructor(@Inject(EndpointsService) private readonly endpoints: EndpointsService) {}

  @Post()
  @ApiOperation({
    operationId: 'createEndpoint',
    summary: 'Create an endpoint',
    description: 'A URL to which signals go. Its filter selects what is signalled, not what may be read.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiBody({ type: CreateEndpointDto })
  @ApiCreatedResponse({ type: EndpointWithSecretDocument, description: 'The endpoint, with its signing `secret`.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  create(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @JsonBody(CreateEndpointDto) { minInterval, auth, ...given }: CreateEndpointDto,
  ): Promise<EndpointWithSecretDocument> {
    return this.endpoints.create(receiver, { ...given, minIntervalMs: minInterval, auth: auth && authOf(auth) });
  }

  @Get()
  @ApiOperation({
    operationId: 'listEndpoints',
    summary: 'List the endpoints of a receiver',
    description: 'In the order of creation.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiListQuery()
  @ApiOkResponse({ type: EndpointPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor', 'not_found')
  list(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @ValidQuery(ListQueryDto) query: ListQueryDto,
  ): Promise<EndpointPageDocument> {
    return readList(query, isIdOf('ep'), (request) => this.endpoints.list(receiver, request));
  }
}
