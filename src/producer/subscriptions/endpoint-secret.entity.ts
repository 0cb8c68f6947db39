import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { EndpointId } from '../../protocol/ids.js';

/** A signing secret of an endpoint; all that have not expired are signed with. */
@Entity({ name: 'signpost_endpoint_secret', synchronize: false })
export class EndpointSecretEntity {
  @PrimaryGeneratedColumn({ name: 'id', type: 'integer' })
  id!: number;

  @Column({ name: 'endpoint_id', type: 'text' })
  endpointId!: EndpointId;

  @Column({ name: 'sealed', type: 'text' })
  sealed!: string;

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;

  /** Null: until the next rotation. */
  @Column({ name: 'expires_at', type: 'bigint', nullable: true, transformer: bigintAsNumber })
  expiresAt!: number | null;
}
