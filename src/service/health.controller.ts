import { Controller, Get, HttpStatus, Inject, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { SignpostHealth } from '../index.js';

/** For load balancers and supervisors; not part of either API. */
@ApiExcludeController()
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(SignpostHealth) private readonly health: SignpostHealth,
  ) {}

  /** The process runs and its event loop turns. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The database answers: traffic may come. 503 says what is in the way. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: unknown): Promise<unknown> {
    const report = await this.health.check();
    const status = report.status === 'ok' ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE;
    this.adapterHost.httpAdapter.status(response, status);
    return report;
  }
}
