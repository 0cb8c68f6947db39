import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { isEventTypePattern } from '../../protocol/event-type.js';
import { CURSOR_EXAMPLE, EVENT_ID_EXAMPLE } from './examples.js';

export const LARGEST_FEED_LIMIT = 1_000;
export const DEFAULT_FEED_LIMIT = 100;
export const LONGEST_WAIT_SECONDS = 30;
export const LARGEST_BATCH_READ = 100;
export const LARGEST_ACK = 1_000;
export const LARGEST_TYPE_CHOICE = 100;
/** An id has 30 characters, a cursor 24; longer ones are nobody's. */
const LONGEST_REFERENCE = 256;

const given = (_: unknown, value: unknown): boolean => value !== undefined;

/** A decimal from the query; anything else stays text, for the rule behind it to refuse. */
const WholeNumber = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
  );

const TrueOrFalse = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** Comma-separated, repeated, or both. */
const TypeList = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    value === undefined ? undefined : [...new Set([value].flat().flatMap((part) => String(part).split(',')))],
  );

const ArePatterns = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'eventTypePatterns',
      validator: {
        validate: (value) => typeof value === 'string' && isEventTypePattern(value),
        defaultMessage: () => 'must hold event types such as invoice.paid, prefixes such as invoice.*, or *',
      },
    },
    { each: true },
  );

const LIMIT = { message: `must be a whole number from 1 to ${LARGEST_FEED_LIMIT}` };
const WAIT = { message: `must be whole seconds from 0 to ${LONGEST_WAIT_SECONDS}` };

/** `current`: the event beside its resource as it is now. */
export const EVENT_VIEWS = ['current'] as const;

export class EventQuery {
  @ValidateIf(given)
  @IsIn(EVENT_VIEWS, { message: 'must be current, or be left out' })
  view?: (typeof EVENT_VIEWS)[number];
}

export class FeedQuery {
  @ValidateIf(given)
  @IsString({ message: 'must be one cursor, or now' })
  @MaxLength(LONGEST_REFERENCE, { message: 'must be a cursor exactly as it was received, or now' })
  after?: string;

  @WholeNumber()
  @IsInt(LIMIT)
  @Min(1, LIMIT)
  @Max(LARGEST_FEED_LIMIT, LIMIT)
  limit: number = DEFAULT_FEED_LIMIT;

  @ValidateIf(given)
  @TypeList()
  @ArrayMaxSize(LARGEST_TYPE_CHOICE, { message: `must hold ${LARGEST_TYPE_CHOICE} patterns at most` })
  @ArePatterns()
  types?: string[];

  @WholeNumber()
  @IsInt(WAIT)
  @Min(0, WAIT)
  @Max(LONGEST_WAIT_SECONDS, WAIT)
  wait: number = 0;

  @TrueOrFalse()
  @IsBoolean({ message: 'must be true or false' })
  ack: boolean = true;
}

export class BatchReadBody {
  @ApiProperty({
    type: [String],
    minItems: 1,
    maxItems: LARGEST_BATCH_READ,
    description: 'Ids of events, as signals list them.',
    example: [EVENT_ID_EXAMPLE],
  })
  @IsArray({ message: 'must be a list of event ids' })
  @ArrayMinSize(1, { message: 'must hold at least one id' })
  @ArrayMaxSize(LARGEST_BATCH_READ, { message: `must hold ${LARGEST_BATCH_READ} ids at most; ask several times` })
  @IsString({ each: true, message: 'must hold ids, as text' })
  @MaxLength(LONGEST_REFERENCE, { each: true, message: 'must hold ids exactly as they were received' })
  ids!: string[];
}

export class AckBody {
  @ApiPropertyOptional({ description: 'Everything up to this cursor is stored for good.', example: CURSOR_EXAMPLE })
  @ValidateIf(given)
  @IsString({ message: 'must be a cursor' })
  @MaxLength(LONGEST_REFERENCE, { message: 'must be a cursor exactly as it was received' })
  through?: string;

  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: LARGEST_ACK,
    description: 'These events are stored for good, whatever lies between them.',
    example: [EVENT_ID_EXAMPLE],
  })
  @ValidateIf(given)
  @IsArray({ message: 'must be a list of event ids' })
  @ArrayMinSize(1, { message: 'must hold at least one id' })
  @ArrayMaxSize(LARGEST_ACK, { message: `must hold ${LARGEST_ACK} ids at most; send several requests` })
  @IsString({ each: true, message: 'must hold ids, as text' })
  @MaxLength(LONGEST_REFERENCE, { each: true, message: 'must hold ids exactly as they were received' })
  ids?: string[];
}

const PAGE = { message: `must be a whole number from 1 to ${LARGEST_FEED_LIMIT}` };

export class EventTypesQuery {
  @ValidateIf(given)
  @IsString({ message: 'must be one cursor of this list' })
  @MaxLength(LONGEST_REFERENCE, { message: 'must be a cursor of this list, exactly as it was received' })
  after?: string;

  @WholeNumber()
  @IsInt(PAGE)
  @Min(1, PAGE)
  @Max(LARGEST_FEED_LIMIT, PAGE)
  limit: number = DEFAULT_FEED_LIMIT;
}
