import { Delete, Get, HttpCode, Inject, Patch } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { EndpointId } from '../../protocol/ids.js';
import { authOf } from '../endpoint-api/endpoint-auth.dto.js';
import { EndpointsService } from '../subscriptions/endpoints.service.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { AttemptPageDocument } from '../endpoint-api/attempt.view.js';
import { EndpointDocument } from '../endpoint-api/endpoint.views.js';
import { isOrdinal, readList } from './list-cursor.js';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { UpdateEndpointDto } from './operator-endpoint.dto.js';
import { PathId } from './path-id.js';

@AdminController('/endpoints/:endpointId', 'Endpoints')
export class EndpointsController {
  constructor(@Inject(EndpointsService) private readonly endpoints: EndpointsService) {}

  @Get()
  @ApiOperation({ operationId: 'getEndpoint', summary: 'Get an endpoint', description: 'Never with its secret.' })
  @ApiId('endpointId', 'endpoint')
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint.' })
  @ApiProblems('not_found')
  get(@PathId('endpointId', 'ep') id: EndpointId): Promise<EndpointDocument> {
    return this.endpoints.get(id);
  }

  @Patch()
  @ApiOperation({
    operationId: 'updateEndpoint',
    summary: 'Change an endpoint',
    description:
      'What is left out stays as it is. A new URL holds for the signal that is being retried as well, and is tried at ' +
      'once. A wider filter holds from where the endpoint stands in the log.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiBody({ type: UpdateEndpointDto })
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint as it is now.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  update(
    @PathId('endpointId', 'ep') id: EndpointId,
    @JsonBody(UpdateEndpointDto) { minInterval, auth, ...change }: UpdateEndpointDto,
  ): Promise<EndpointDocument> {
    return this.endpoints.update(id, { ...change, minIntervalMs: minInterval, auth: auth && authOf(auth) });
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteEndpoint',
    summary: 'Delete an endpoint',
    description: 'With its attempt log. The receiver can still read its events.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiNoContentResponse({ description: 'It is gone; a signal in flight may still arrive.' })
  @ApiProblems('not_found')
  remove(@PathId('endpointId', 'ep') id: EndpointId): Promise<void> {
    return this.endpoints.remove(id);
  }

  @Get('signals')
  @ApiOperation({
    operationId: 'listSignals',
    summary: 'Read the attempt log',
    description: 'Each attempt to send a signal to this endpoint, newest first.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiListQuery()
  @ApiOkResponse({ type: AttemptPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor', 'not_found')
  signals(
    @PathId('endpointId', 'ep') id: EndpointId,
    @ValidQuery(ListQueryDto) query: ListQueryDto,
  ): Promise<AttemptPageDocument> {
    return readList(query, isOrdinal, (request) => this.endpoints.listAttempts(id, request));
  }
}
