import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { CredentialId } from '../../protocol/ids.js';
import type { AdminScope } from './scopes.js';

/** A key for an operator, or for a producer in another language. */
@Entity({ name: 'signpost_admin_key', synchronize: false })
export class AdminKeyEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: CredentialId;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** SHA-256 of the key, hex. */
  @Column({ name: 'secret_hash', type: 'text' })
  secretHash!: string;

  @Column({ name: 'scopes', type: 'simple-json' })
  scopes!: AdminScope[];

  @Column({ name: 'last_used_at', type: 'bigint', nullable: true, transformer: bigintAsNumber })
  lastUsedAt!: number | null;

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;
}
