import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { encodeCursor } from '../../protocol/cursor.js';
import type { DispatchStatistics, EndpointLag } from '../dispatch/dispatch-stats.js';
import type { LogBounds } from '../log/event-store.js';
import { ENDPOINT_STATES, type EndpointState } from '../subscriptions/endpoint-settings.js';
import { isoTimeOrNull } from '../subscriptions/listing.js';

const CURSOR = 'AQAAAAAAAAAAKvMI1a43Kz86';

@ApiSchema({ name: 'EndpointCounts' })
export class EndpointCountsDocument implements Record<EndpointState, number> {
  @ApiProperty({ type: 'integer', example: 12 })
  active!: number;
  @ApiProperty({ type: 'integer', example: 0 })
  pending!: number;
  @ApiProperty({ type: 'integer', example: 1 })
  paused!: number;
  @ApiProperty({ type: 'integer', example: 0 })
  disabled!: number;
}

@ApiSchema({ name: 'EndpointLag' })
export class EndpointLagDocument {
  @ApiProperty({ example: 'ep_01kaz8fp3wfj2taq4k3bv8s5ch' })
  endpoint!: string;
  @ApiProperty({ example: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' })
  receiver!: string;
  @ApiProperty({ enum: ENDPOINT_STATES, example: 'active' })
  state!: EndpointState;
  @ApiProperty({ description: 'Everything up to here was in an acknowledged signal.', example: CURSOR })
  signalledThrough!: string;
  @ApiProperty({ description: 'The newest event known to concern it.', example: CURSOR })
  head!: string;
  @ApiProperty({
    type: 'integer',
    description: 'Places of the log between the two; events that do not concern the endpoint count as well.',
    example: 0,
  })
  lag!: number;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it is looked at next.',
    example: null,
  })
  dueAt!: string | null;
  @ApiProperty({ type: 'integer', description: 'Failed attempts of the signal that is on its way.', example: 0 })
  attempt!: number;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Since when every attempt failed.',
    example: null,
  })
  failingSince!: string | null;
}

@ApiSchema({ name: 'Rate' })
export class RateDocument {
  @ApiProperty({ type: 'integer', example: 60 })
  lastMinute!: number;
  @ApiProperty({ type: 'integer', example: 3_600 })
  lastHour!: number;
}

@ApiSchema({ name: 'Rates' })
export class RatesDocument {
  @ApiProperty({ type: () => RateDocument, description: 'Events published.' })
  events!: RateDocument;
  @ApiProperty({ type: () => RateDocument, description: 'Attempts to send a signal, failed ones included.' })
  signals!: RateDocument;
}

@ApiSchema({ name: 'Partition' })
export class PartitionDocument {
  @ApiProperty({ example: CURSOR })
  head!: string;
  @ApiProperty({ example: CURSOR })
  oldest!: string;
  @ApiProperty({ type: 'integer', example: 1_000 })
  events!: number;
}

@ApiSchema({ name: 'Stats' })
export class StatsDocument {
  @ApiProperty({ description: "The log's newest event; of several partitions, the first one's.", example: CURSOR })
  head!: string;
  @ApiProperty({ description: 'The oldest cursor that a receiver may still ask after.', example: CURSOR })
  oldest!: string;
  @ApiProperty({
    type: 'integer',
    description:
      'Events within retention, from the places of the log between `oldest` and `head`: a repeated idempotency key may ' +
      'leave a place empty.',
    example: 1_000,
  })
  events!: number;
  @ApiProperty({
    type: () => [PartitionDocument],
    description: 'The same for each partition of the log; there is one unless the installation was set up with more.',
  })
  partitions!: PartitionDocument[];
  @ApiProperty({ type: 'integer', example: 3 })
  receivers!: number;
  @ApiProperty({ type: () => EndpointCountsDocument, description: 'By state.' })
  endpoints!: EndpointCountsDocument;
  @ApiProperty({ type: () => [EndpointLagDocument], description: 'The 100 endpoints furthest behind, furthest first.' })
  lag!: EndpointLagDocument[];
  @ApiProperty({ type: () => RatesDocument })
  rates!: RatesDocument;
}

function lagView({
  endpoint,
  receiver,
  state,
  partition,
  signalledThrough,
  head,
  dueAt,
  attempt,
  failingSince,
}: EndpointLag) {
  return {
    endpoint,
    receiver,
    state,
    signalledThrough: encodeCursor({ partition, position: signalledThrough }),
    head: encodeCursor({ partition, position: head }),
    lag: Math.max(0, head - signalledThrough),
    dueAt: isoTimeOrNull(dueAt),
    attempt,
    failingSince: isoTimeOrNull(failingSince),
  };
}

function partitionView({ partition, head, oldest }: LogBounds): PartitionDocument {
  return {
    head: encodeCursor({ partition, position: head }),
    oldest: encodeCursor({ partition, position: oldest }),
    events: head - oldest,
  };
}

/** `log`: the bounds of every partition; there is one at least. */
export function statsView(log: readonly LogBounds[], statistics: DispatchStatistics): StatsDocument {
  const partitions = log.map(partitionView);
  const { head = '', oldest = '' } = partitions[0] ?? {};
  return {
    head,
    oldest,
    events: partitions.reduce((sum, { events }) => sum + events, 0),
    partitions,
    receivers: statistics.receivers,
    endpoints: statistics.endpoints,
    lag: statistics.lag.map(lagView),
    rates: statistics.rates,
  };
}
