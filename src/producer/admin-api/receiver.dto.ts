import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsFilter, LARGEST_FILTER } from './filter.dto.js';
import { ListQueryDto, PageView } from './list.dto.js';
import { IsTenant, IsText, Optional, TENANT_DESCRIPTION } from './validation.js';

@ApiSchema({ name: 'CreateReceiver' })
export class CreateReceiverDto {
  @ApiPropertyOptional({
    description: `${TENANT_DESCRIPTION} A receiver sees the events of this tenant only, for good.`,
    default: 'default',
    example: 'acme',
  })
  @Optional()
  @IsTenant()
  tenant?: string;

  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Acme bookkeeping' })
  @IsText(200)
  name!: string;

  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: LARGEST_FILTER,
    description: 'What it may read: exact types, `prefix.*`, or `*`.',
    default: ['*'],
    example: ['invoice.*', 'customer.updated'],
  })
  @Optional()
  @IsFilter()
  eventTypes?: string[];
}

@ApiSchema({ name: 'UpdateReceiver' })
export class UpdateReceiverDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 200, example: 'Acme bookkeeping' })
  @Optional()
  @IsText(200)
  name?: string;

  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: LARGEST_FILTER,
    description: 'What it may read from now on, earlier events included.',
    example: ['invoice.*'],
  })
  @Optional()
  @IsFilter()
  eventTypes?: string[];
}

@ApiSchema({ name: 'Receiver' })
export class ReceiverDocument {
  @ApiProperty({ example: 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch' })
  id!: string;
  @ApiProperty({ example: 'acme' })
  tenant!: string;
  @ApiProperty({ example: 'Acme bookkeeping' })
  name!: string;
  @ApiProperty({ type: [String], example: ['invoice.*', 'customer.updated'] })
  eventTypes!: string[];
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time', example: '2026-11-23T17:30:00.000Z' })
  updatedAt!: string;
}

@ApiSchema({ name: 'ReceiverPage' })
export class ReceiverPageDocument extends PageView {
  @ApiProperty({ type: () => [ReceiverDocument] })
  items!: ReceiverDocument[];
}

export class ReceiverListQueryDto extends ListQueryDto {
  @Optional()
  @IsTenant()
  tenant?: string;
}
