import { Entity, PrimaryColumn } from 'typeorm';
import type { EndpointId } from '../../protocol/ids.js';

/** One pattern of an endpoint's `eventTypes`, so that waking finds the endpoints of a type by index. */
@Entity({ name: 'signpost_endpoint_filter', synchronize: false })
export class EndpointFilterEntity {
  @PrimaryColumn({ name: 'tenant', type: 'text' })
  tenant!: string;

  @PrimaryColumn({ name: 'pattern', type: 'text' })
  pattern!: string;

  @PrimaryColumn({ name: 'endpoint_id', type: 'text' })
  endpointId!: EndpointId;
}
