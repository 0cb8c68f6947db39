import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { Optional } from './validation.js';

/** A day: time to roll a new secret out to a receiver's machines. */
export const DEFAULT_OVERLAP_SECONDS = 86_400;
/** A week: an old secret that lives longer was not rotated. */
const LARGEST_OVERLAP_SECONDS = 604_800;
const OVERLAP = { message: `must be a whole number of seconds from 0 to ${LARGEST_OVERLAP_SECONDS}` };

/** For how many seconds what is replaced goes on counting; `description`: what that means of it. */
export const Overlap = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      minimum: 0,
      maximum: LARGEST_OVERLAP_SECONDS,
      description,
      default: DEFAULT_OVERLAP_SECONDS,
      example: DEFAULT_OVERLAP_SECONDS,
    }),
    Optional(),
    IsInt(OVERLAP),
    Min(0, OVERLAP),
    Max(LARGEST_OVERLAP_SECONDS, OVERLAP),
  );
