import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '../../database/bigint-column.js';
import type { PublicKeyJwk, SigningKeyUse } from './key-ring.js';

/** A key that the installation signs with; all nodes share it. */
@Entity({ name: 'signpost_signing_key', synchronize: false })
export class SigningKeyEntity {
  /** RFC 7638 thumbprint of the public key. */
  @PrimaryColumn({ name: 'kid', type: 'text' })
  kid!: string;

  @Column({ name: 'key_use', type: 'text' })
  use!: SigningKeyUse;

  @Column({ name: 'public_jwk', type: 'simple-json' })
  publicJwk!: PublicKeyJwk;

  /** The private half as a JWK, sealed and bound to its kid. */
  @Column({ name: 'sealed', type: 'text' })
  sealed!: string;

  @Column({ name: 'created_at', type: 'bigint', transformer: bigintAsNumber })
  createdAt!: number;

  @Column({ name: 'activates_at', type: 'bigint', transformer: bigintAsNumber })
  activatesAt!: number;

  /** Null: until the next rotation. */
  @Column({ name: 'retires_at', type: 'bigint', nullable: true, transformer: bigintAsNumber })
  retiresAt!: number | null;
}
