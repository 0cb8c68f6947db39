import { Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { DispatchStats } from '../dispatch/dispatch-stats.js';
import type { EventStore } from '../log/event-store.js';
import { EVENT_STORE } from '../signpost-options.js';
import { AdminController } from './admin-controller.js';
import { StatsDocument, statsView } from './stats.view.js';

@AdminController('/stats', 'Statistics')
export class StatsController {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(DispatchStats) private readonly stats: DispatchStats,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getStats',
    summary: 'Read the figures',
    description: 'Where the log ends, how far behind endpoints are, and how much went on lately.',
  })
  @ApiOkResponse({ type: StatsDocument, description: 'As of now.' })
  async read(): Promise<StatsDocument> {
    const statistics = await this.stats.read();
    // Read last, so that no endpoint is ahead of it.
    return statsView(await this.events.allBounds(), statistics);
  }
}
