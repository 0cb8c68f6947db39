import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { PageView } from './list.dto.js';
import type { RawJson } from '../../http/raw-json.js';
import { RawJson as KeepsRawJson } from '../../http/raw-json.decorator.js';
import { IsEventTypeName, IsJsonSchema, IsText, Nullable, Optional } from './validation.js';

const SCHEMA_TYPES = [{ type: 'object', additionalProperties: true }, { type: 'boolean' }];
const SCHEMA_EXAMPLE = { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] };

@ApiSchema({ name: 'UpdateEventType' })
export class UpdateEventTypeDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000, example: 'An invoice was paid in full.' })
  @Nullable()
  @IsText(2000, { lines: true })
  description?: string | null;

  @ApiPropertyOptional({
    oneOf: SCHEMA_TYPES,
    nullable: true,
    description: 'JSON Schema of `data`, for receivers to read. Publishing does not check it.',
    example: SCHEMA_EXAMPLE,
  })
  @Optional()
  @KeepsRawJson()
  @IsJsonSchema()
  schema?: RawJson;
}

@ApiSchema({ name: 'CreateEventType' })
export class CreateEventTypeDto extends UpdateEventTypeDto {
  @ApiProperty({
    description: 'Full-stop-delimited identifiers of `[a-zA-Z0-9_]`.',
    maxLength: 128,
    example: 'invoice.paid',
  })
  @IsEventTypeName()
  name!: string;
}

@ApiSchema({ name: 'EventType' })
export class EventTypeDocument {
  @ApiProperty({ example: 'invoice.paid' })
  name!: string;
  @ApiProperty({ type: String, nullable: true, example: 'An invoice was paid in full.' })
  description!: string | null;
  @ApiProperty({ oneOf: SCHEMA_TYPES, nullable: true, description: 'JSON Schema of `data`.', example: SCHEMA_EXAMPLE })
  schema!: Record<string, unknown> | boolean | null;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  updatedAt!: string;
}

@ApiSchema({ name: 'EventTypePage' })
export class EventTypePageDocument extends PageView {
  @ApiProperty({ type: () => [EventTypeDocument] })
  items!: EventTypeDocument[];
}
