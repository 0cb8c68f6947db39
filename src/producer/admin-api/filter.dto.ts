import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray } from 'class-validator';
import { ArePatterns } from './validation.js';

/** Patterns of one list, at most: each is a row that waking looks up. */
export const LARGEST_FILTER = 100;

/** A list of event type patterns. Without doubles: each is one row under the endpoint. */
export const IsFilter = (): PropertyDecorator =>
  applyDecorators(
    IsArray({ message: 'must be a list of event types or patterns, such as ["invoice.*"]' }),
    ArrayMinSize(1, { message: 'must name at least one event type or pattern; ["*"] for all' }),
    ArrayMaxSize(LARGEST_FILTER, {
      message: `must hold ${LARGEST_FILTER} patterns at most; use prefixes such as invoice.*`,
    }),
    ArrayUnique({ message: 'must not name a pattern twice' }),
    ArePatterns(),
  ) as PropertyDecorator;
