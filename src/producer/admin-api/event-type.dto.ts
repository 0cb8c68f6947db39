import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsArray, ValidateNested } from 'class-validator';
import { PageView } from './list.dto.js';
import type { RawJson } from '../../http/raw-json.js';
import { RawJson as KeepsRawJson } from '../../http/raw-json.decorator.js';
import type { FieldScope } from '../access/scopes.js';
import { LARGEST_SENSITIVE } from '../subscriptions/sensitive-field.js';
import {
  AreObjects,
  IsEventTypeName,
  IsFieldPointer,
  IsFieldScope,
  IsJsonSchema,
  IsText,
  Nullable,
  Optional,
} from './validation.js';

const SCHEMA_TYPES = [{ type: 'object', additionalProperties: true }, { type: 'boolean' }];
const SCHEMA_EXAMPLE = { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] };

const FIELDS_EXAMPLE = [{ pointer: '/customer/email', scope: 'pii:read' }];

@ApiSchema({ name: 'SensitiveField' })
export class SensitiveFieldDto {
  @ApiProperty({
    maxLength: 1024,
    description:
      'JSON pointer (RFC 6901) into `data`. A token `*` stands for each member or element; the empty pointer for the whole payload.',
    example: '/customer/email',
  })
  @IsFieldPointer()
  pointer!: string;

  @ApiProperty({
    maxLength: 127,
    description: 'The scope that opens it: two names joined by a colon.',
    example: 'pii:read',
  })
  @IsFieldScope()
  scope!: FieldScope;
}

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

  @ApiPropertyOptional({
    type: () => [SensitiveFieldDto],
    maxItems: LARGEST_SENSITIVE,
    nullable: true,
    description:
      'Parts of the payload that are withheld from credentials without the scope, in events that were published before as well. ' +
      'An empty list, or null: none.',
    example: FIELDS_EXAMPLE,
  })
  @Nullable()
  @ValidateNested({ each: true })
  @Type(() => SensitiveFieldDto)
  @AreObjects('a field with its pointer and its scope')
  @ArrayUnique(({ pointer }: SensitiveFieldDto) => pointer, { message: 'must not name a pointer twice' })
  @ArrayMaxSize(LARGEST_SENSITIVE, { message: `must hold ${LARGEST_SENSITIVE} fields at most` })
  @IsArray({ message: 'must be a list of fields, such as [{ "pointer": "/customer/email", "scope": "pii:read" }]' })
  sensitiveFields?: SensitiveFieldDto[] | null;
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
  @ApiProperty({
    type: () => [SensitiveFieldDto],
    description: 'What is withheld from credentials without the scope.',
    example: FIELDS_EXAMPLE,
  })
  sensitiveFields!: SensitiveFieldDto[];
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
