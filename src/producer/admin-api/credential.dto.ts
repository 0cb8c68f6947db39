import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn } from 'class-validator';
import { CREDENTIAL_SCOPES, type CredentialScope } from '../access/scopes.js';
import { IsFilter, LARGEST_FILTER } from './filter.dto.js';
import { PageView } from './list.dto.js';
import { IsText, IsTimestamp, Nullable, Optional } from './validation.js';

@ApiSchema({ name: 'CreateCredential' })
export class CreateCredentialDto {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'production' })
  @IsText(200)
  name!: string;

  @ApiPropertyOptional({
    enum: CREDENTIAL_SCOPES,
    isArray: true,
    minItems: 1,
    description: 'What it may do.',
    default: [...CREDENTIAL_SCOPES],
    example: [...CREDENTIAL_SCOPES],
  })
  @Optional()
  @IsIn(CREDENTIAL_SCOPES, { each: true, message: `must each be one of: ${CREDENTIAL_SCOPES.join(', ')}` })
  @ArrayMinSize(1, { message: 'must hold at least one scope, or be left out' })
  @ArrayMaxSize(CREDENTIAL_SCOPES.length, { message: `must hold ${CREDENTIAL_SCOPES.length} scopes at most` })
  @ArrayUnique({ message: 'must not name a scope twice' })
  @IsArray({ message: `must be a list of scopes: ${CREDENTIAL_SCOPES.join(', ')}` })
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
}

@ApiSchema({ name: 'Credential' })
export class CredentialDocument {
  @ApiProperty({ example: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' })
  receiver!: string;
  @ApiProperty({ example: 'production' })
  name!: string;
  @ApiProperty({ enum: CREDENTIAL_SCOPES, isArray: true, example: [...CREDENTIAL_SCOPES] })
  scopes!: CredentialScope[];
  @ApiProperty({ type: [String], example: ['*'] })
  types!: string[];
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
  @ApiProperty({
    description: 'What the receiver sends as `Authorization: Bearer …`. Shown this once.',
    example: 'sp_01kaz8fp3wfj2taq4k3bv8s5ch_N7…',
  })
  apiKey!: string;
}

@ApiSchema({ name: 'CredentialPage' })
export class CredentialPageDocument extends PageView {
  @ApiProperty({ type: () => [CredentialDocument] })
  items!: CredentialDocument[];
}
