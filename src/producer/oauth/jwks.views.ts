import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { SIGNING_KEY_USES, type SigningKeyUse } from '../access/key-ring.js';

@ApiSchema({ name: 'PublicKey' })
export class PublicKeyView {
  @ApiProperty({ enum: ['OKP'] })
  kty!: 'OKP';
  @ApiProperty({ enum: ['Ed25519'] })
  crv!: 'Ed25519';
  @ApiProperty({ description: 'The key: 32 bytes, base64url.', example: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })
  x!: string;
  @ApiProperty({
    description: 'RFC 7638 thumbprint of the key.',
    example: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  })
  kid!: string;
  @ApiProperty({ enum: ['EdDSA'] })
  alg!: 'EdDSA';
  @ApiProperty({ enum: ['sig'] })
  use!: 'sig';
  @ApiProperty({ enum: SIGNING_KEY_USES, description: 'What it signs: signals, or access tokens. Never both.' })
  signpost_use!: SigningKeyUse;
}

/** RFC 7517, section 5. */
@ApiSchema({ name: 'Jwks' })
export class JwksView {
  @ApiProperty({ type: () => [PublicKeyView] })
  keys!: PublicKeyView[];
}
