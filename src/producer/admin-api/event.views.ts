import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { encodeCursor } from '../../protocol/cursor.js';
import type { EventMetadata, Placed } from '../log/event-store.js';
import { isoTime } from '../subscriptions/listing.js';
import { STANDINGS, type EndpointStanding, type Standing } from '../subscriptions/endpoint-standing.js';
import { PageView } from './list.dto.js';

const CURSOR = 'AQAAAAAAAAAAKvMI1a43Kz86';

/** An event as its producer and the operator see it: all but the payload. */
@ApiSchema({ name: 'PublishedEvent' })
export class PublishedEventDocument {
  @ApiProperty({ example: 'evt_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'invoice.paid' })
  type!: string;
  @ApiProperty({ example: 'acme' })
  tenant!: string;
  @ApiProperty({ type: String, nullable: true, example: 'INV-2026-0042' })
  subject!: string | null;
  @ApiProperty({ format: 'date-time', description: 'When it happened.', example: '2026-11-23T17:30:00.000Z' })
  occurredAt!: string;
  @ApiProperty({ format: 'date-time', description: 'When it was published.', example: '2026-11-23T17:30:00.123Z' })
  recordedAt!: string;
  @ApiProperty({ description: 'Its place in the log, as receivers see it.', example: CURSOR })
  cursor!: string;
}

@ApiSchema({ name: 'EventMetadata' })
export class EventMetadataDocument extends PublishedEventDocument {
  @ApiProperty({
    enum: ['erased', 'expired'],
    nullable: true,
    description: 'Why the payload is no longer there; null while it is.',
    example: null,
  })
  gone!: 'erased' | 'expired' | null;
}

@ApiSchema({ name: 'EventPage' })
export class EventPageDocument extends PageView {
  @ApiProperty({ type: () => [EventMetadataDocument] })
  items!: EventMetadataDocument[];
}

@ApiSchema({ name: 'EventStanding' })
export class EventStandingDocument {
  @ApiProperty({ example: 'ep_01kaz8fp3wfj2taq4k3bv8s5ch' })
  endpoint!: string;
  @ApiProperty({ example: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' })
  receiver!: string;
  @ApiProperty({
    enum: STANDINGS,
    description:
      '`waiting`: not signalled yet. `signalled`: an acknowledged signal listed it. `fetched`: the receiver read the ' +
      'payload. `acked`: the receiver said that it has stored it for good.',
    example: 'fetched',
  })
  state!: Standing;
}

@ApiSchema({ name: 'EventDetail' })
export class EventDetailDocument extends EventMetadataDocument {
  @ApiProperty({
    type: () => [EventStandingDocument],
    description: 'The endpoints that the event concerns, and how far it has come with each; 1,000 at most.',
  })
  endpoints!: EventStandingDocument[];
  @ApiProperty({ description: 'Whether more endpoints than those listed are concerned.', example: false })
  moreEndpoints!: boolean;
}

@ApiSchema({ name: 'PublishedBatch' })
export class PublishedBatchDocument {
  @ApiProperty({
    type: [String],
    description: 'In the order of the request.',
    example: ['evt_01kaz8fp3wfj2taq4k3bv8s5ch', 'evt_01kaz8fp3wfj2taq4k3bv8s5cj'],
  })
  ids!: string[];
}

export function eventSummary(event: Placed | EventMetadata): PublishedEventDocument {
  return {
    id: event.id,
    type: event.type,
    tenant: event.tenant,
    subject: event.subject,
    occurredAt: isoTime(event.occurredAt),
    recordedAt: isoTime(event.recordedAt),
    cursor: encodeCursor(event),
  };
}

export function eventMetadata(event: EventMetadata): EventMetadataDocument {
  return { ...eventSummary(event), gone: event.gone };
}

export function eventDetail(
  event: EventMetadata,
  standing: { endpoints: EndpointStanding[]; more: boolean },
): EventDetailDocument {
  return { ...eventMetadata(event), endpoints: standing.endpoints, moreEndpoints: standing.more };
}
