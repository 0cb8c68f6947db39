import { authOf } from './endpoint-auth.dto.js';
import { Get, Header, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { Authenticated } from '../access/authenticated.js';
import { CurrentAccess, RequiresScope } from '../access/receiver.guard.js';
import { isIdOf, readList } from '../admin-api/list-cursor.js';
import { ApiListQuery, ListQueryDto } from '../admin-api/list.dto.js';
import { ApiProblems } from '../fetch-api/api-problems.js';
import { READ_HEADERS } from '../fetch-api/feed-answer.js';
import type { FetchRequest } from '../fetch-api/fetch-request.js';
import type { ResolvedOptions } from '../options-validation.js';
import { SIGNPOST_OPTIONS } from '../signpost-options.js';
import { EndpointsService } from '../subscriptions/endpoints.service.js';
import { EndpointAccess } from './endpoint-access.js';
import { CreateOwnEndpointDto } from './endpoint.dto.js';
import { EndpointPageDocument, EndpointWithSecretDocument } from './endpoint.views.js';
import { OwnEndpoints } from './own-endpoints.docs.js';

/** The endpoints of the receiver that asks: all of them, and new ones. */
@OwnEndpoints('')
export class OwnEndpointsController {
  constructor(
    @Inject(EndpointsService) private readonly endpoints: EndpointsService,
    @Inject(EndpointAccess) private readonly access: EndpointAccess,
    @Inject(SIGNPOST_OPTIONS) private readonly options: Pick<ResolvedOptions, 'endpoints'>,
  ) {}

  @Get()
  @RequiresScope('endpoints:read')
  @Header('cache-control', READ_HEADERS['cache-control'])
  @Header('vary', READ_HEADERS.vary)
  @ApiOperation({
    operationId: 'listEndpoints',
    summary: 'List your endpoints',
    description: 'In the order of creation; those that the operator made for you are among them.',
  })
  @ApiListQuery()
  @ApiOkResponse({ type: EndpointPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  list(
    @ValidQuery(ListQueryDto) query: ListQueryDto,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EndpointPageDocument> {
    const read = () => readList(query, isIdOf('ep'), (page) => this.endpoints.list(access.receiver.id, page));
    return this.access.read({ access, request }, read);
  }

  @Post()
  @RequiresScope('endpoints:write')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'createEndpoint',
    summary: 'Create an endpoint',
    description:
      'It is `pending` until its URL has repeated the challenge of an `endpoint.verification` signal, which is sent at once ' +
      'and then on the retry schedule. What is published meanwhile is signalled afterwards. Not repeatable: if the answer is lost, look for the ' +
      'endpoint in the list first.',
  })
  @ApiBody({ type: CreateOwnEndpointDto })
  @ApiCreatedResponse({ type: EndpointWithSecretDocument, description: 'The endpoint, with its signing `secret`.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found', 'conflict')
  create(
    @JsonBody(CreateOwnEndpointDto) { minInterval, auth, ...given }: CreateOwnEndpointDto,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EndpointWithSecretDocument> {
    const { maxPerReceiver: limit } = this.options.endpoints;
    const create = () =>
      this.endpoints.create(access.receiver.id, {
        ...given,
        minIntervalMs: minInterval,
        auth: auth && authOf(auth),
        verify: true,
        limit,
      });
    return this.access.change({ access, request }, 201, create);
  }
}
