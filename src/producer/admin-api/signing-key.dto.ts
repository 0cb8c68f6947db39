import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { SIGNING_KEY_USES, type SigningKeyUse } from '../access/key-ring.js';
import { Overlap } from './overlap.js';
import { oneOf } from './validation.js';

@ApiSchema({ name: 'RotateSigningKey' })
export class RotateSigningKeyDto {
  @ApiProperty({
    enum: SIGNING_KEY_USES,
    description: 'Which key: that of signals, or that of access tokens.',
    example: 'signal',
  })
  @IsIn(SIGNING_KEY_USES, oneOf(SIGNING_KEY_USES))
  use!: SigningKeyUse;

  @Overlap(
    'For how many seconds after the new key begins to sign the former ones still count. 0, for a key that leaked: the new one signs at ' +
      'once, and whoever keeps the former ones must fetch anew.',
  )
  overlap?: number;
}

@ApiSchema({ name: 'SigningKey' })
export class SigningKeyDocument {
  @ApiProperty({ description: 'As in the JWKS.', example: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' })
  kid!: string;
  @ApiProperty({ enum: SIGNING_KEY_USES, example: 'signal' })
  use!: SigningKeyUse;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time', description: 'From then on it signs.', example: '2026-11-23T17:45:00.000Z' })
  activatesAt!: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'From then on it counts no more. `null`: not before the next rotation.',
    example: null,
  })
  retiresAt!: string | null;
}

@ApiSchema({ name: 'SigningKeys' })
export class SigningKeysDocument {
  @ApiProperty({ type: () => [SigningKeyDocument] })
  items!: SigningKeyDocument[];
}
