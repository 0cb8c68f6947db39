import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { CredentialId, ReceiverId } from '../../protocol/ids.js';
import type { PublicJwks } from './credential-view.js';
import type { CredentialScope } from './scopes.js';

/** What a receiver authenticates to the fetch API with. */
@Entity({ name: 'signpost_credential', synchronize: false })
export class CredentialEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: CredentialId;

  @Column({ name: 'receiver_id', type: 'text' })
  receiverId!: ReceiverId;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** SHA-256 of the API key, hex; empty if there is none. Keys are random, so a slow hash would protect nothing. */
  @Column({ name: 'secret_hash', type: 'text' })
  secretHash!: string;

  /** Public keys that its assertions are verified with, instead of an API key. */
  @Column({ name: 'jwks', type: 'simple-json', nullable: true })
  jwks!: PublicJwks | null;

  @Column({ name: 'scopes', type: 'simple-json' })
  scopes!: CredentialScope[];

  /** Patterns that narrow what the receiver may read. */
  @Column({ name: 'types', type: 'simple-json' })
  types!: string[];

  @Column({ name: 'expires_at', type: 'bigint', nullable: true, transformer: bigintAsNumber })
  expiresAt!: number | null;

  @Column({ name: 'last_used_at', type: 'bigint', nullable: true, transformer: bigintAsNumber })
  lastUsedAt!: number | null;

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;
}
