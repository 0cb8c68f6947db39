import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ name: 'TokenRequest' })
export class TokenRequestView {
  @ApiProperty({ enum: ['client_credentials'] })
  grant_type!: 'client_credentials';
  @ApiPropertyOptional({
    description: 'Narrows the token: scopes of the credential, with spaces between them. Left out: all.',
  })
  scope?: string;
  @ApiPropertyOptional({ description: 'The id of the credential.', example: 'key_01kaz8fp3wfj2taq4k3bv8s5ch' })
  client_id?: string;
  @ApiPropertyOptional({ description: 'Its API key. Better in the `Authorization` header, as Basic.' })
  client_secret?: string;
  @ApiPropertyOptional({ enum: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'] })
  client_assertion_type?: string;
  @ApiPropertyOptional({
    description:
      'A JWT signed with the private half of one of its registered keys: `iss` and `sub` the id of the credential, `aud` this ' +
      'endpoint or the issuer, `exp` within ten minutes, `jti` never used before.',
  })
  client_assertion?: string;
}

/** RFC 6749, section 5.1. */
@ApiSchema({ name: 'Token' })
export class TokenView {
  @ApiProperty({ description: 'Send it as `Authorization: Bearer …`.' })
  access_token!: string;
  @ApiProperty({ enum: ['Bearer'] })
  token_type!: 'Bearer';
  @ApiProperty({ type: 'integer', description: 'Seconds.', example: 600 })
  expires_in!: number;
  @ApiProperty({ description: 'What it is for.', example: 'events:read' })
  scope!: string;
}

/** RFC 6749, section 5.2. */
@ApiSchema({ name: 'TokenError' })
export class TokenErrorView {
  @ApiProperty({
    enum: [
      'invalid_request',
      'invalid_client',
      'unsupported_grant_type',
      'invalid_scope',
      'temporarily_unavailable',
      'server_error',
    ],
  })
  error!: string;
  @ApiPropertyOptional({ description: 'For a person.' })
  error_description?: string;
}
