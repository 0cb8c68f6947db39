import { Header, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import type { EndpointId } from '../../protocol/ids.js';
import type { Authenticated } from '../access/authenticated.js';
import { CurrentAccess, RequiresScope } from '../access/receiver.guard.js';
import { OptionalJsonBody } from '../admin-api/optional-json-body.js';
import { PathId } from '../admin-api/path-id.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { ApiProblems } from '../fetch-api/api-problems.js';
import type { FetchRequest } from '../fetch-api/fetch-request.js';
import { EndpointsService } from '../subscriptions/endpoints.service.js';
import { TestResultDocument } from './attempt.view.js';
import { EndpointAccess } from './endpoint-access.js';
import { DEFAULT_OVERLAP_SECONDS } from '../admin-api/overlap.js';
import { RotateSecretDto } from './endpoint.dto.js';
import { EndpointDocument, EndpointWithSecretDocument } from './endpoint.views.js';
import { ApiOwnEndpoint, OwnEndpoints } from './own-endpoints.docs.js';
import { sendTest } from './send-test.js';

/** What a receiver may have done to one of its endpoints. */
@OwnEndpoints('/:endpointId')
@RequiresScope('endpoints:write')
export class OwnEndpointActionsController {
  constructor(
    @Inject(EndpointsService) private readonly endpoints: EndpointsService,
    @Inject(Dispatcher) private readonly dispatcher: Dispatcher,
    @Inject(EndpointAccess) private readonly access: EndpointAccess,
  ) {}

  @Post('rotate-secret')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'rotateSecret',
    summary: 'Rotate the signing secret',
    description:
      'Signals carry a signature of each live secret, so you can switch at any time within the overlap. With `overlap` 0 the ' +
      'former ones end at once. Three may be live at most.',
  })
  @ApiOwnEndpoint()
  @ApiBody({ type: RotateSecretDto, required: false })
  @ApiOkResponse({ type: EndpointWithSecretDocument, description: 'The endpoint, with its new `secret`.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found', 'conflict')
  rotateSecret(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @OptionalJsonBody(RotateSecretDto) { overlap = DEFAULT_OVERLAP_SECONDS }: RotateSecretDto,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EndpointWithSecretDocument> {
    const rotate = () => this.endpoints.rotateSecret(endpoint, { overlapMs: overlap * 1_000 }, access.receiver.id);
    return this.access.change({ access, request, endpoint }, 200, rotate);
  }

  @Post('test')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'testEndpoint',
    summary: 'Send a test signal',
    description:
      'One `endpoint.test` signal, once, now, to a URL that is verified. 200 says that it was tried; `outcome` says how it ended.',
  })
  @ApiOwnEndpoint()
  @ApiOkResponse({ type: TestResultDocument, description: 'How the attempt ended.' })
  @ApiProblems('not_found', 'conflict')
  test(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<TestResultDocument> {
    return this.access.change({ access, request, endpoint }, 200, () =>
      sendTest(this.endpoints, this.dispatcher, endpoint, access.receiver.id),
    );
  }

  @Post('verify')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'verifyEndpoint',
    summary: 'Ask for the challenge again',
    description:
      'A challenge is sent now, and the endpoint has its whole time to answer one again. Also brings back an endpoint that was disabled. One that ' +
      'is active or paused stays as it is.',
  })
  @ApiOwnEndpoint()
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint as it is now.' })
  @ApiProblems('not_found')
  verify(
    @PathId('endpointId', 'ep') endpoint: EndpointId,
    @CurrentAccess() access: Authenticated,
    @Req() request: FetchRequest,
  ): Promise<EndpointDocument> {
    const verify = () => this.endpoints.verify(endpoint, access.receiver.id);
    return this.access.change({ access, request, endpoint }, 200, verify);
  }
}
