import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, ValidateNested } from 'class-validator';
import type { RawJson } from '../../http/raw-json.js';
import { RawJson as KeepsRawJson } from '../../http/raw-json.decorator.js';
import { LARGEST_BATCH } from '../publish/publisher.js';
import {
  AreObjects,
  IsEventTypeName,
  IsTenant,
  IsText,
  IsTimestamp,
  Nullable,
  Optional,
  TENANT_DESCRIPTION,
} from './validation.js';

const EXAMPLE_DATA = { number: 'INV-2026-0042', total: '119.00', currency: 'EUR' };

@ApiSchema({ name: 'PublishEvent' })
export class PublishEventDto {
  @ApiProperty({
    description: 'Full-stop-delimited identifiers of `[a-zA-Z0-9_]`.',
    maxLength: 128,
    example: 'invoice.paid',
  })
  @IsEventTypeName()
  type!: string;

  @ApiPropertyOptional({ description: TENANT_DESCRIPTION, default: 'default', example: 'acme' })
  @Optional()
  @IsTenant()
  tenant?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 512,
    description: 'What the event is about. Never part of a signal. No control characters.',
    example: 'INV-2026-0042',
  })
  @Nullable()
  @IsText(512)
  subject?: string | null;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: 'When it happened. Left out: now.',
    example: '2026-11-23T17:30:00.000Z',
  })
  @Optional()
  @IsTimestamp()
  occurredAt?: string;

  @ApiProperty({
    oneOf: [
      { type: 'object', additionalProperties: true },
      { type: 'array', items: {} },
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
    ],
    nullable: true,
    description:
      'The payload: any JSON value, null included. It comes back byte for byte as it was sent. A number that a double ' +
      'cannot hold exactly is refused; send such a number as a string.',
    example: EXAMPLE_DATA,
  })
  @KeepsRawJson()
  data!: RawJson;
}

@ApiSchema({ name: 'PublishBatch' })
export class PublishBatchDto {
  @ApiProperty({
    type: () => [PublishEventDto],
    minItems: 1,
    maxItems: LARGEST_BATCH,
    description: 'Published in this order, all or none.',
  })
  @ValidateNested({ each: true })
  @Type(() => PublishEventDto)
  @AreObjects('an event with its type and its data')
  @ArrayMinSize(1, { message: 'must hold at least one event' })
  @ArrayMaxSize(LARGEST_BATCH, { message: `must hold ${LARGEST_BATCH} events at most; send several batches` })
  @IsArray({ message: 'must be a list of events' })
  events!: PublishEventDto[];
}
