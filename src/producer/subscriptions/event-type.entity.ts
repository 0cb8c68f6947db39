import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';

/** An entry of the catalogue: documentation for receivers, not a condition for publishing. */
@Entity({ name: 'signpost_event_type', synchronize: false })
export class EventTypeEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'description', type: 'text', nullable: true })
  description!: string | null;

  /** JSON Schema of `data`, as JSON text. */
  @Column({ name: 'schema', type: 'text', nullable: true })
  schema!: string | null;

  /** List of `SensitiveField` as JSON text; null when there is none. */
  @Column({ name: 'sensitive_fields', type: 'text', nullable: true })
  sensitiveFields!: string | null;

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;

  @Column({ name: 'updated_at', type: 'bigint', transformer: bigintAsNumber })
  updatedAt!: number;
}
