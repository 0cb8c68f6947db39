import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { SUBJECT_MAX_LENGTH } from '../publish/event-input.js';
import { IsTenant, IsText, TENANT_DESCRIPTION } from './validation.js';

@ApiSchema({ name: 'CreateErasure' })
export class CreateErasureDto {
  @ApiProperty({ description: TENANT_DESCRIPTION, example: 'acme' })
  @IsTenant()
  tenant!: string;

  @ApiProperty({
    minLength: 1,
    maxLength: SUBJECT_MAX_LENGTH,
    description: 'Exactly as the events were published with it.',
    example: 'customer-4711',
  })
  @IsText(SUBJECT_MAX_LENGTH)
  subject!: string;
}

@ApiSchema({ name: 'Erasure' })
export class ErasureDocument {
  @ApiProperty({ example: 'era_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'acme' })
  tenant!: string;
  @ApiProperty({ example: 'customer-4711' })
  subject!: string;
  @ApiProperty({
    type: 'integer',
    description: 'Payloads that it has erased; those that were gone before are not counted.',
    example: 12,
  })
  events!: number;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  acceptedAt!: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'When it was finished. Null: nobody can read the payloads any more, but the database file could not be overwritten yet, or ' +
      'the process was ending; it is finished without being asked again.',
    example: '2026-11-23T17:30:00.123Z',
  })
  doneAt!: string | null;
}
