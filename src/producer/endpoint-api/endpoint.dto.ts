import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import {
  CONFIRM_MODES,
  DEFAULT_MAX_EVENTS_PER_SIGNAL,
  LARGEST_MAX_EVENTS_PER_SIGNAL,
  LARGEST_MIN_INTERVAL_MS,
  SIGNATURE_SCHEMES,
  type ConfirmMode,
  type SignatureScheme,
} from '../subscriptions/endpoint-settings.js';
import { IsFilter, LARGEST_FILTER } from '../admin-api/filter.dto.js';
import { Overlap } from '../admin-api/overlap.js';
import { IsText, Nullable, Optional, oneOf } from '../admin-api/validation.js';
import { EndpointAuthDto, IsAuth } from './endpoint-auth.dto.js';

const PER_SIGNAL = { message: `must be a whole number from 1 to ${LARGEST_MAX_EVENTS_PER_SIGNAL}` };
const INTERVAL = { message: `must be a whole number of milliseconds from 0 to ${LARGEST_MIN_INTERVAL_MS}` };
const URL_MESSAGE = { message: 'must be a URL of 2048 characters at most, such as https://hooks.example.com/signpost' };

/** Where a new endpoint begins in the log. */
export const ENDPOINT_STARTS = ['now', 'oldest'] as const;
export type EndpointStart = (typeof ENDPOINT_STARTS)[number];

/** The settings that can be changed later; their defaults hold at creation only. */
class EndpointSettingsDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 500, example: 'Production bookkeeping' })
  @Nullable()
  @IsText(500)
  description?: string | null;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: LARGEST_MAX_EVENTS_PER_SIGNAL,
    description: `Event ids in one signal, at most. At creation ${DEFAULT_MAX_EVENTS_PER_SIGNAL} if left out.`,
    example: DEFAULT_MAX_EVENTS_PER_SIGNAL,
  })
  @Optional()
  @IsInt(PER_SIGNAL)
  @Min(1, PER_SIGNAL)
  @Max(LARGEST_MAX_EVENTS_PER_SIGNAL, PER_SIGNAL)
  maxEventsPerSignal?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: LARGEST_MIN_INTERVAL_MS,
    description: 'Least time between two signals, in milliseconds. At creation 0 if left out.',
    example: 1_000,
  })
  @Optional()
  @IsInt(INTERVAL)
  @Min(0, INTERVAL)
  @Max(LARGEST_MIN_INTERVAL_MS, INTERVAL)
  minInterval?: number;

  @ApiPropertyOptional({
    enum: CONFIRM_MODES,
    description:
      'What counts as delivered; until then the events are signalled again. `fetch`: the payload was fetched. `ack`: the ' +
      "receiver said that it has stored it. `signal`: the signal was acknowledged. At creation the installation's default.",
    example: 'fetch',
  })
  @Optional()
  @IsIn(CONFIRM_MODES, oneOf(CONFIRM_MODES))
  confirm?: ConfirmMode;

  @ApiPropertyOptional({
    enum: SIGNATURE_SCHEMES,
    description:
      'How signals are signed. `standard`: Standard Webhooks, HMAC-SHA256. `github`, `facebook`: as those two sign, the body alone, for ' +
      "receivers that verify nothing else. `rfc9421`: HTTP Message Signatures. `+ed25519`: by the installation's own key as well. " +
      'At creation `standard` if left out.',
    example: 'standard',
  })
  @Optional()
  @IsIn(SIGNATURE_SCHEMES, oneOf(SIGNATURE_SCHEMES))
  signature?: SignatureScheme;

  @ApiPropertyOptional({
    type: () => EndpointAuthDto,
    nullable: true,
    description:
      'What the receiver asks its callers for beside the signature: one of Basic, a bearer token, or a header. Sent with every signal, stored ' +
      'sealed, shown masked. Null takes it away.',
  })
  @IsAuth()
  auth?: EndpointAuthDto | null;
}

const URL_SCHEMA = {
  maxLength: 2048,
  description:
    'Where signals go: https and a public address, unless the operator allowed others. A token in the path or in the ' +
    'query counts as a secret: it is stored sealed and shown masked.',
  example: 'https://hooks.example.com/signpost',
} satisfies ApiPropertyOptions;

const FILTER_SCHEMA = {
  type: [String],
  minItems: 1,
  maxItems: LARGEST_FILTER,
  description: "What is signalled here: exact types, `prefix.*`, or `*`. No permission: that is the receiver's.",
  example: ['invoice.*'],
} satisfies ApiPropertyOptions;

/** Text only; whether a signal may go there is for the target guard to say. */
const IsUrlText = () => applyDecorators(IsString(URL_MESSAGE), MaxLength(2048, URL_MESSAGE)) as PropertyDecorator;

@ApiSchema({ name: 'CreateOwnEndpoint' })
export class CreateOwnEndpointDto extends EndpointSettingsDto {
  @ApiProperty(URL_SCHEMA)
  @IsUrlText()
  url!: string;

  @ApiProperty(FILTER_SCHEMA)
  @IsFilter()
  eventTypes!: string[];

  @ApiPropertyOptional({
    enum: ENDPOINT_STARTS,
    description: '`now`: events published from now on. `oldest`: everything that the log still holds.',
    default: 'now',
    example: 'now',
  })
  @Optional()
  @IsIn(ENDPOINT_STARTS, oneOf(ENDPOINT_STARTS))
  start?: EndpointStart;
}

/** What is left out stays as it is. */
@ApiSchema({ name: 'UpdateOwnEndpoint' })
export class UpdateOwnEndpointDto extends EndpointSettingsDto {
  @ApiPropertyOptional(URL_SCHEMA)
  @Optional()
  @IsUrlText()
  url?: string;

  @ApiPropertyOptional(FILTER_SCHEMA)
  @Optional()
  @IsFilter()
  eventTypes?: string[];
}

@ApiSchema({ name: 'RotateSecret' })
export class RotateSecretDto {
  @Overlap('For how many seconds signals carry a signature of the earlier secret as well.')
  overlap?: number;
}
