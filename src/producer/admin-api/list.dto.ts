import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiQuery } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, Min } from 'class-validator';
import { Optional } from './validation.js';

export const DEFAULT_PAGE = 100;
export const LARGEST_PAGE = 1_000;

const LIMIT = { message: `must be a whole number from 1 to ${LARGEST_PAGE}` };

/** Query of every list. */
export class ListQueryDto {
  @Optional()
  @IsString({ message: 'must be the cursor of an earlier page, given once' })
  after?: string;

  @Optional()
  @Type(() => Number)
  @IsInt(LIMIT)
  @Min(1, LIMIT)
  @Max(LARGEST_PAGE, LIMIT)
  limit: number = DEFAULT_PAGE;
}

/** Documents `ListQueryDto`. */
export const ApiListQuery = (): MethodDecorator =>
  applyDecorators(
    ApiQuery({
      name: 'after',
      required: false,
      description: 'The `cursor` of the page before. Left out: from the beginning.',
      schema: { type: 'string' },
    }),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'Items of one page, at most.',
      schema: { type: 'integer', minimum: 1, maximum: LARGEST_PAGE, default: DEFAULT_PAGE },
    }),
  );

/** What every list has beside its `items`. */
export abstract class PageView {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Pass it as `after` to go on behind this page. `null` while there is nothing at all.',
    example: 'ZXBfMDFrYXo4ZnAzd2ZqMnRhcTRrM2J2OHM1Y2g',
  })
  cursor!: string | null;

  @ApiProperty({ description: 'Whether there is a page behind this one.', example: false })
  more!: boolean;
}
