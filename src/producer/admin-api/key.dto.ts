import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn } from 'class-validator';
import { ADMIN_SCOPES, type AdminScope } from '../access/scopes.js';
import { PageView } from './list.dto.js';
import { IsText } from './validation.js';

@ApiSchema({ name: 'CreateKey' })
export class CreateKeyDto {
  @ApiProperty({ minLength: 1, maxLength: 200, example: 'billing service' })
  @IsText(200)
  name!: string;

  @ApiProperty({
    enum: ADMIN_SCOPES,
    isArray: true,
    minItems: 1,
    description:
      '`admin`: everything. `events:publish`: publishing and nothing else, for producers in other languages.',
    example: ['events:publish'],
  })
  @IsIn(ADMIN_SCOPES, { each: true, message: `must each be one of: ${ADMIN_SCOPES.join(', ')}` })
  @ArrayMinSize(1, { message: `must hold at least one of: ${ADMIN_SCOPES.join(', ')}` })
  @ArrayMaxSize(ADMIN_SCOPES.length, { message: `must hold ${ADMIN_SCOPES.length} scopes at most` })
  @ArrayUnique({ message: 'must not name a scope twice' })
  @IsArray({ message: `must be a list of scopes: ${ADMIN_SCOPES.join(', ')}` })
  scopes!: AdminScope[];
}

@ApiSchema({ name: 'Key' })
export class KeyDocument {
  @ApiProperty({ example: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'billing service' })
  name!: string;
  @ApiProperty({ enum: ADMIN_SCOPES, isArray: true, example: ['events:publish'] })
  scopes!: AdminScope[];
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

@ApiSchema({ name: 'CreatedKey' })
export class CreatedKeyDocument extends KeyDocument {
  @ApiProperty({
    description: 'What is sent as `Authorization: Bearer …`. Shown this once.',
    example: 'sa_01kaz8fp3wfj2taq4k3bv8s5ch_N7…',
  })
  apiKey!: string;
}

@ApiSchema({ name: 'KeyPage' })
export class KeyPageDocument extends PageView {
  @ApiProperty({ type: () => [KeyDocument] })
  items!: KeyDocument[];
}
