import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { IsEventTypeName, IsTenant, IsText, Optional } from './validation.js';

export class EventListQueryDto extends ListQueryDto {
  @Optional()
  @IsTenant()
  tenant?: string;

  @Optional()
  @IsEventTypeName()
  type?: string;

  @Optional()
  @IsText(512)
  subject?: string;
}

/** Documents `EventListQueryDto`. */
export const ApiEventListQuery = (): MethodDecorator =>
  applyDecorators(
    ApiQuery({ name: 'tenant', required: false, description: "Only this tenant's.", schema: { type: 'string' } }),
    ApiQuery({
      name: 'type',
      required: false,
      description: 'Only this event type, exactly.',
      schema: { type: 'string' },
    }),
    ApiQuery({ name: 'subject', required: false, description: 'Only this subject.', schema: { type: 'string' } }),
    ApiListQuery(),
  );
