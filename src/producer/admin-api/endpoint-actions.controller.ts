import { HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { EndpointId } from '../../protocol/ids.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { EndpointsService } from '../subscriptions/endpoints.service.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { TestResultDocument } from '../endpoint-api/attempt.view.js';
import { RotateSecretDto } from '../endpoint-api/endpoint.dto.js';
import { EndpointDocument, EndpointWithSecretDocument } from '../endpoint-api/endpoint.views.js';
import { sendTest } from '../endpoint-api/send-test.js';
import { OptionalJsonBody } from './optional-json-body.js';
import { DEFAULT_OVERLAP_SECONDS } from './overlap.js';
import { PathId } from './path-id.js';

@AdminController('/endpoints/:endpointId', 'Endpoints')
export class EndpointActionsController {
  constructor(
    @Inject(EndpointsService) private readonly endpoints: EndpointsService,
    @Inject(Dispatcher) private readonly dispatcher: Dispatcher,
  ) {}

  @Post('rotate-secret')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'rotateSecret',
    summary: 'Rotate the signing secret',
    description:
      'Signals carry a signature of each live secret, so a receiver can switch at any time within the overlap. With ' +
      '`overlap` 0 the former ones end at once. Three may be live at most.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiBody({ type: RotateSecretDto, required: false })
  @ApiOkResponse({ type: EndpointWithSecretDocument, description: 'The endpoint, with its new `secret`.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found', 'conflict')
  rotateSecret(
    @PathId('endpointId', 'ep') id: EndpointId,
    @OptionalJsonBody(RotateSecretDto) { overlap = DEFAULT_OVERLAP_SECONDS }: RotateSecretDto,
  ): Promise<EndpointWithSecretDocument> {
    return this.endpoints.rotateSecret(id, { overlapMs: overlap * 1_000 });
  }

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'pauseEndpoint',
    summary: 'Pause an endpoint',
    description: 'No signal until it is resumed; its place in the log stays. One that is not active stays as it is.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint as it is now.' })
  @ApiProblems('not_found')
  pause(@PathId('endpointId', 'ep') id: EndpointId): Promise<EndpointDocument> {
    return this.endpoints.pause(id);
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'resumeEndpoint',
    summary: 'Resume an endpoint',
    description:
      'After a pause, or after it was disabled: signals go on where they stopped, with everything since. Where its URL must be proved, it is ' +
      '`pending` first.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint as it is now.' })
  @ApiProblems('not_found')
  resume(@PathId('endpointId', 'ep') id: EndpointId): Promise<EndpointDocument> {
    return this.endpoints.resume(id);
  }

  @Post('test')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'testEndpoint',
    summary: 'Send a test signal',
    description:
      'One `endpoint.test` signal, once, now; not while the URL waits for its proof. 200 says that it was tried; `outcome` says how it ended.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiOkResponse({ type: TestResultDocument, description: 'How the attempt ended.' })
  @ApiProblems('not_found', 'conflict')
  test(@PathId('endpointId', 'ep') id: EndpointId): Promise<TestResultDocument> {
    return sendTest(this.endpoints, this.dispatcher, id);
  }

  @Post('verify')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'verifyEndpoint',
    summary: 'Ask for the challenge again',
    description:
      'Of an endpoint that is `pending` or was disabled: a challenge is sent now, and it has its whole time to answer one again. One that is active ' +
      'or paused stays as it is.',
  })
  @ApiId('endpointId', 'endpoint')
  @ApiOkResponse({ type: EndpointDocument, description: 'The endpoint as it is now.' })
  @ApiProblems('not_found')
  verify(@PathId('endpointId', 'ep') id: EndpointId): Promise<EndpointDocument> {
    return this.endpoints.verify(id);
  }
}
