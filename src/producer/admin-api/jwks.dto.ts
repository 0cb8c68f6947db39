import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  Matches,
  ValidateBy,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';
import { ASSERTION_ALGORITHMS, type AssertionAlgorithm } from '../access/public-jwk.js';
import { AreObjects, oneOf, Optional } from './validation.js';

/** Keys of one credential, at most: the present one, the next, and some room. */
const MOST_KEYS = 5;
/** The modulus of an RSA key of 8,192 bits has 1,366 characters. */
const VALUE = /^[A-Za-z0-9_-]{1,1400}$/;
const KEY_TYPES = ['OKP', 'EC', 'RSA'] as const;
const CURVES = ['Ed25519', 'P-256'] as const;

const IsPart = (): PropertyDecorator => Matches(VALUE, { message: 'must be base64url, as in a JWK' });

/** Says it of the member itself: "not known here" would not tell anybody that a secret has just been sent over the network. */
const IsNeverSent = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isNeverSent',
      validator: {
        validate: (value: unknown) => value === undefined,
        defaultMessage: () =>
          'is a part of a private key; send the public half only, and make a new key: this one has left its machine',
      },
    },
    options,
  );

@ApiSchema({ name: 'PublicJwk' })
export class PublicJwkDto {
  @ApiProperty({ enum: KEY_TYPES, example: 'OKP' })
  @IsIn(KEY_TYPES, oneOf(KEY_TYPES))
  kty!: string;

  @ApiPropertyOptional({ enum: CURVES, example: 'Ed25519' })
  @Optional()
  @IsIn(CURVES, oneOf(CURVES))
  crv?: string;

  @ApiPropertyOptional({ example: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })
  @Optional()
  @IsPart()
  x?: string;

  @ApiPropertyOptional({ description: 'Of an EC key.', example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' })
  @Optional()
  @IsPart()
  y?: string;

  @ApiPropertyOptional({
    description: 'Of an RSA key, 2,048 bits or more.',
    example: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM…',
  })
  @Optional()
  @IsPart()
  n?: string;

  @ApiPropertyOptional({ description: 'Of an RSA key.', example: 'AQAB' })
  @Optional()
  @IsPart()
  e?: string;

  @ApiPropertyOptional({
    description: 'How assertions name the key. Left out: its RFC 7638 thumbprint.',
    example: '2026-11',
  })
  @Optional()
  @Matches(/^[\x21-\x7e]{1,128}$/, { message: 'must be 1 to 128 visible ASCII characters' })
  kid?: string;

  @ApiPropertyOptional({
    enum: ASSERTION_ALGORITHMS,
    description: 'How assertions are signed. Left out: `EdDSA` for Ed25519, `ES256` for P-256, `RS256` for RSA.',
    example: 'EdDSA',
  })
  @Optional()
  @IsIn([...ASSERTION_ALGORITHMS, 'Ed25519'], oneOf(ASSERTION_ALGORITHMS))
  alg?: AssertionAlgorithm | 'Ed25519';

  @ApiPropertyOptional({ enum: ['sig'], example: 'sig' })
  @Optional()
  @IsIn(['sig'], oneOf(['sig']))
  use?: 'sig';

  @ApiPropertyOptional({ type: [String], example: ['verify'] })
  @Optional()
  @IsIn(['verify'], { each: true, message: 'must be ["verify"]' })
  @IsArray({ message: 'must be ["verify"]' })
  key_ops?: string[];

  @IsNeverSent()
  d?: never;
  @IsNeverSent()
  p?: never;
  @IsNeverSent()
  q?: never;
  @IsNeverSent()
  dp?: never;
  @IsNeverSent()
  dq?: never;
  @IsNeverSent()
  qi?: never;
  @IsNeverSent()
  oth?: never;
  @IsNeverSent()
  k?: never;
}

@ApiSchema({ name: 'PublicJwks' })
export class PublicJwksDto {
  @ApiProperty({ type: () => [PublicJwkDto], minItems: 1, maxItems: MOST_KEYS })
  @ValidateNested({ each: true })
  @Type(() => PublicJwkDto)
  @AreObjects('a public key as a JWK')
  @ArrayMinSize(1, { message: 'must hold at least one key' })
  @ArrayMaxSize(MOST_KEYS, { message: `must hold ${MOST_KEYS} keys at most` })
  @IsArray({ message: 'must be a list of public keys' })
  keys!: PublicJwkDto[];
}
