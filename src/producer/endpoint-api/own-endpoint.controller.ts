import { authOf } from './endpoint-auth.dto.js';
import { Delete, Get, Header, HttpCode, Inject, Patch, Req } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { EndpointId } from '../../protocol/ids.js';
import type { Authenticated } from '../access/authenticated.js';
import { CurrentAccess, RequiresScope } from '../access/receiver.guard.js';
import { isOrdinal, readList } from '../admin-api/list-cursor.js';
import { ApiListQuery, ListQueryDto } from '../admin-api/list.dto.js';
import { PathId } from '../admin-api/path-id.js';
import { ApiProblems } from '../fetch-api/api-problems.js';
import { READ_HEADERS } from '../fetch-api/feed-answer.js';
import type { FetchRequest } from '../fetch-api/fetch-request.js';
import { EndpointsService } from '../subscriptions/endpoints.service.js';
import { AttemptPageDocument } from './attempt.view.js';
import { EndpointAccess } from './endpoint-access.js';
import { UpdateOwnEndpointDto } from './endpoint.dto.js';
import { EndpointDocument } from './endpoint.views.js';
import { ApiOwnEndpoint, OwnEndpoints } from './own-endpoints.docs.js';

/** One endpoint of the receiver that asks. Whether it is its own is part of the query that reads it. */
@OwnEndpoints('/:endpointId')
export class OwnEndpointController {
  constructor(
    @Inject(EndpointsService) private readonly endpoints: EndpointsService,
    @Inject(EndpointAccess) private readonly access: EndpointAccess,
  ) {}

  @Get()
  @RequiresScope('endpoints:read')
  @Header('cache-control', READ_HEADERS['cache-control'])
  @Header('vary', READ_HEADERS.vary)
  @ApiOperation({ operationId: 'getEndpoint', summary: 'Get an endpoint', description: 'Never with its secret.' })
  @ApiOwnEndpoint()
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint.' })
  @ApiProblems('not_found')
  get(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EndpointDocument> {
    return this.access.read({ access, request, endpoint }, () => this.endpoints.get(endpoint, access.receiver.id));
  }

  @Patch()
  @RequiresScope('endpoints:write')
  @ApiOperation({
    operationId: 'updateEndpoint',
    summary: 'Change an endpoint',
    description:
      'What is left out stays as it is. With another `url` it is `pending` again until that one has repeated a challenge; its place in the log ' +
      'stays, and nothing goes to the former URL any more.',
  })
  @ApiOwnEndpoint()
  @ApiBody({ type: UpdateOwnEndpointDto })
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint as it is now.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  update(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @JsonBody(UpdateOwnEndpointDto) { minInterval, auth, ...change }: UpdateOwnEndpointDto,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EndpointDocument> {
    const update = () =>
      this.endpoints.update(
        endpoint,
        { ...change, minIntervalMs: minInterval, auth: auth && authOf(auth), verify: 'if-new' },
        access.receiver.id,
      );
    return this.access.change({ access, request, endpoint }, 200, update);
  }

  @Delete()
  @HttpCode(204)
  @RequiresScope('endpoints:write')
  @ApiOperation({
    operationId: 'deleteEndpoint',
    summary: 'Delete an endpoint',
    description: 'With its attempt log. You can still read your events.',
  })
  @ApiOwnEndpoint()
  @ApiNoContentResponse({ description: 'It is gone; a signal in flight may still arrive.' })
  @ApiProblems('not_found')
  remove(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<void> {
    const remove = () => this.endpoints.remove(endpoint, access.receiver.id);
    return this.access.change({ access, request, endpoint }, 204, remove);
  }

  @Get('signals')
  @RequiresScope('endpoints:read')
  @Header('cache-control', READ_HEADERS['cache-control'])
  @Header('vary', READ_HEADERS.vary)
  @ApiOperation({
    operationId: 'listSignals',
    summary: 'Read the attempt log',
    description: 'Each attempt to send a signal to this endpoint, newest first; never what was answered.',
  })
  @ApiOwnEndpoint()
  @ApiListQuery()
  @ApiOkResponse({ type: AttemptPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor', 'not_found')
  signals(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @ValidQuery(ListQueryDto) query: ListQueryDto,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<AttemptPageDocument> {
    const read = () =>
      readList(query, isOrdinal, (page) => this.endpoints.listAttempts(endpoint, page, access.receiver.id));
    return this.access.read({ access, request, endpoint }, read);
  }
}
