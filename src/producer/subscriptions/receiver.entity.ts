import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { ReceiverId } from '../../protocol/ids.js';

/** One consuming application. */
@Entity({ name: 'signpost_receiver', synchronize: false })
export class ReceiverEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: ReceiverId;

  /** Whose events it may read; fixed at creation. */
  @Column({ name: 'tenant', type: 'text' })
  tenant!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** Patterns of the event types that the operator lets it read. */
  @Column({ name: 'event_types', type: 'simple-json' })
  eventTypes!: string[];

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;

  @Column({ name: 'updated_at', type: 'bigint', transformer: bigintAsNumber })
  updatedAt!: number;
}
