import { ApiProperty, ApiPropertyOptional, ApiSchema, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsObject, ValidateNested } from 'class-validator';
import type { PublicJwk } from '../access/public-jwk.js';
import { DEFAULT_SCOPES, MOST_SCOPES, ROUTE_SCOPES, type CredentialScope } from '../access/scopes.js';
import { IsFilter, LARGEST_FILTER } from './filter.dto.js';
import { PublicJwkDto, PublicJwksDto } from './jwks.dto.js';
import { PageView } from './list.dto.js';
import { Overlap } from './overlap.js';
import { AreCredentialScopes, IsText, IsTimestamp, Nullable, Optional } from './validation.js';

const SCOPES = {
  type: [String],
  minItems: 1,
  maxItems: MOST_SCOPES,
  description:
    'What it may do: `events:read`; `endpoints:read` and `endpoints:write`, which includes it, for its own endpoints; and names ' +
    'such as `pii:read` that open the sensitive fields which event types put under them.',
  example: [...DEFAULT_SCOPES],
} satisfies ApiPropertyOptions;

@ApiSchema({ name: 'CreateCredential' })
export class CreateCredentialDto {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'production' })
  @IsText(200)
  name!: string;

  @ApiPropertyOptional({ ...SCOPES, default: [...DEFAULT_SCOPES] })
  @Optional()
  @AreCredentialScopes()
  @ArrayMinSize(1, { message: 'must hold at least one scope, or be left out' })
  @ArrayMaxSize(MOST_SCOPES, { message: `must hold ${MOST_SCOPES} scopes at most` })
  @ArrayUnique({ message: 'must not name a scope twice' })
  @IsArray({ message: `must be a list of scopes: ${ROUTE_SCOPES.join(', ')}, or field scopes such as pii:read` })
  scopes?: CredentialScope[];

  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: LARGEST_FILTER,
    description: "Narrows what the receiver's `eventTypes` admit: exact types, `prefix.*`, or `*`.",
    default: ['*'],
    example: ['invoice.*'],
  })
  @Optional()
  @IsFilter()
  types?: string[];

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'From then on it is refused. Left out or null: never.',
    example: '2027-11-23T00:00:00.000Z',
  })
  @Nullable()
  @IsTimestamp()
  expiresAt?: string | null;

  @ApiPropertyOptional({
    type: PublicJwksDto,
    description:
      'Public keys, for a receiver that authenticates at `POST /oauth/token` with assertions that it signs itself (`private_key_jwt`). ' +
      'The credential then has no API key.',
  })
  @Optional()
  @ValidateNested()
  @Type(() => PublicJwksDto)
  @IsObject({ message: 'must be a JSON Web Key Set: an object with `keys`' })
  jwks?: PublicJwksDto;
}

@ApiSchema({ name: 'RotateCredential' })
export class RotateCredentialDto {
  @Overlap('For how many seconds the former one goes on opening the API, unless it expires before.')
  overlap?: number;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the new one expires. Left out or null: never.',
    example: '2027-11-23T00:00:00.000Z',
  })
  @Nullable()
  @IsTimestamp()
  expiresAt?: string | null;
}

@ApiSchema({ name: 'PublicJwksOfCredential' })
export class PublicJwksDocument {
  @ApiProperty({ type: () => [PublicJwkDto] })
  keys!: PublicJwk[];
}

@ApiSchema({ name: 'Credential' })
export class CredentialDocument {
  @ApiProperty({ example: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' })
  receiver!: string;
  @ApiProperty({ example: 'production' })
  name!: string;
  @ApiProperty({ type: [String], example: [...DEFAULT_SCOPES] })
  scopes!: CredentialScope[];
  @ApiProperty({ type: [String], example: ['*'] })
  types!: string[];
  @ApiProperty({
    type: PublicJwksDocument,
    nullable: true,
    description: 'Its public keys; null if it has an API key.',
    example: null,
  })
  jwks!: PublicJwksDocument | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2027-11-23T00:00:00.000Z' })
  expiresAt!: string | null;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Exact to about a minute.',
    example: null,
  })
  lastUsedAt!: string | null;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  createdAt!: string;
}

@ApiSchema({ name: 'CreatedCredential' })
export class CreatedCredentialDocument extends CredentialDocument {
  @ApiPropertyOptional({
    description:
      'What the receiver sends as `Authorization: Bearer …`. Shown this once. Absent if it has public keys instead.',
    example: 'sp_01kaz8fp3wfj2taq4k3bv8s5ch_N7…',
  })
  apiKey?: string;
}

@ApiSchema({ name: 'CredentialPage' })
export class CredentialPageDocument extends PageView {
  @ApiProperty({ type: () => [CredentialDocument] })
  items!: CredentialDocument[];
}
