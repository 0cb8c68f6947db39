import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { EndpointAuth } from '../signal/endpoint-auth.js';
import type { ConfirmMode, EndpointReason, EndpointState, SignatureScheme } from './endpoint-settings.js';

/** A URL of a receiver to which signals go. Where it stands is in `signpost_endpoint_position`. */
@Entity({ name: 'signpost_endpoint', synchronize: false })
export class EndpointEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: EndpointId;

  @Column({ name: 'receiver_id', type: 'text' })
  receiverId!: ReceiverId;

  /** The receiver's, repeated because waking must not join. */
  @Column({ name: 'tenant', type: 'text' })
  tenant!: string;

  /** Of the log, in which the tenant's events are. */
  @Column({ name: 'partition', type: 'integer' })
  partition!: number;

  @Column({ name: 'url_sealed', type: 'text' })
  urlSealed!: string;

  /** The `version` that brought the URL. */
  @Column({ name: 'url_version', type: 'integer' })
  urlVersion!: number;

  /** The URL with what may be a token in it masked. */
  @Column({ name: 'url_shown', type: 'text' })
  urlShown!: string;

  /** Null: its receiver asks for nothing. */
  @Column({ name: 'auth_sealed', type: 'text', nullable: true })
  authSealed!: string | null;

  /** The same with everything secret masked. */
  @Column({ name: 'auth_shown', type: 'simple-json', nullable: true })
  authShown!: EndpointAuth | null;

  @Column({ name: 'description', type: 'text', nullable: true })
  description!: string | null;

  @Column({ name: 'event_types', type: 'simple-json' })
  eventTypes!: string[];

  @Column({ name: 'max_events_per_signal', type: 'integer' })
  maxEventsPerSignal!: number;

  @Column({ name: 'min_interval_ms', type: 'integer' })
  minIntervalMs!: number;

  @Column({ name: 'confirm', type: 'text' })
  confirm!: ConfirmMode;

  @Column({ name: 'signature', type: 'text' })
  signature!: SignatureScheme;

  @Column({ name: 'state', type: 'text' })
  state!: EndpointState;

  @Column({ name: 'reason', type: 'text', nullable: true })
  reason!: EndpointReason | null;

  /** Events at or before this position were never meant for it. */
  @Column({ name: 'start_position', type: 'bigint', transformer: bigintAsNumber })
  startPosition!: number;

  /** Grows with every change, so that what was read of an endpoint can be remembered safely. */
  @Column({ name: 'version', type: 'integer' })
  version!: number;

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;

  @Column({ name: 'updated_at', type: 'bigint', transformer: bigintAsNumber })
  updatedAt!: number;
}
