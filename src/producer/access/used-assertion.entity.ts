import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { CredentialId } from '../../protocol/ids.js';

/** An assertion that was used: it is not taken again, by any node. */
@Entity({ name: 'signpost_used_assertion', synchronize: false })
export class UsedAssertionEntity {
  @PrimaryColumn({ name: 'credential_id', type: 'text' })
  credentialId!: CredentialId;

  /** SHA-256 of the `jti`, base64url. */
  @PrimaryColumn({ name: 'jti_hash', type: 'text' })
  jtiHash!: string;

  /** When it would be refused for its age in any case. */
  @Column({ name: 'expires_at', type: 'bigint', transformer: bigintAsNumber })
  expiresAt!: number;
}
