import { ApiPropertyOptional, ApiSchema, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { CreateOwnEndpointDto, UpdateOwnEndpointDto } from '../endpoint-api/endpoint.dto.js';
import { Optional } from './validation.js';

const VERIFY = { message: 'must be true or false' };
const VERIFY_SCHEMA = {
  type: Boolean,
  description:
    'True: the endpoint is `pending` until its URL has repeated a challenge. False: you vouch for the URL. Left out: a URL that you enter needs ' +
    'no proof, and one that is there stays as it is.',
  example: false,
} satisfies ApiPropertyOptions;

/** As a receiver creates one, and what is the operator's to say. */
@ApiSchema({ name: 'CreateEndpoint' })
export class CreateEndpointDto extends CreateOwnEndpointDto {
  @ApiPropertyOptional(VERIFY_SCHEMA)
  @Optional()
  @IsBoolean(VERIFY)
  verify?: boolean;
}

/** What is left out stays as it is. */
@ApiSchema({ name: 'UpdateEndpoint' })
export class UpdateEndpointDto extends UpdateOwnEndpointDto {
  @ApiPropertyOptional(VERIFY_SCHEMA)
  @Optional()
  @IsBoolean(VERIFY)
  verify?: boolean;
}
