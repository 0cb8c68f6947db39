import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsString, ValidateBy, ValidateNested } from 'class-validator';
import type { EndpointAuth } from '../signal/endpoint-auth.js';
import { Nullable, Optional } from '../admin-api/validation.js';

const TEXT = { message: 'must be text' };

@ApiSchema({ name: 'BasicAuth' })
class BasicAuthDto {
  @ApiProperty({ maxLength: 255, description: 'Without a colon.', example: 'signpost' })
  @IsString(TEXT)
  username!: string;

  @ApiProperty({ maxLength: 255, example: 'correct horse battery staple' })
  @IsString(TEXT)
  password!: string;
}

@ApiSchema({ name: 'HeaderAuth' })
class HeaderAuthDto {
  @ApiProperty({ maxLength: 64, description: 'None that Signpost or proxies set.', example: 'x-api-key' })
  @IsString(TEXT)
  name!: string;

  @ApiProperty({ maxLength: 4096, description: 'Visible ASCII, single spaces inside.', example: 'k_3f9c' })
  @IsString(TEXT)
  value!: string;
}

/** Exactly one member. */
@ApiSchema({ name: 'EndpointAuth' })
export class EndpointAuthDto {
  @ApiPropertyOptional({ type: () => BasicAuthDto, description: '`Authorization: Basic …`' })
  @Optional()
  @IsObjectOf('a username and a password')
  @ValidateNested()
  @Type(() => BasicAuthDto)
  basic?: BasicAuthDto;

  @ApiPropertyOptional({ maxLength: 4000, description: '`Authorization: Bearer …`', example: 'eyJhbGciOiJFZERTQSJ9' })
  @Optional()
  @IsString(TEXT)
  bearer?: string;

  @ApiPropertyOptional({ type: () => HeaderAuthDto, description: 'Any other header.' })
  @Optional()
  @IsObjectOf('a name and a value')
  @ValidateNested()
  @Type(() => HeaderAuthDto)
  header?: HeaderAuthDto;
}

/** As it is shown: `***` stands for what is secret. */
@ApiSchema({ name: 'MaskedEndpointAuth' })
export class EndpointAuthView {
  @ApiPropertyOptional({ type: () => BasicAuthDto, example: { username: '***', password: '***' } })
  basic?: BasicAuthDto;
  @ApiPropertyOptional({ example: '***' })
  bearer?: string;
  @ApiPropertyOptional({ type: () => HeaderAuthDto, example: { name: 'x-api-key', value: '***' } })
  header?: HeaderAuthDto;
}

const KINDS = ['basic', 'bearer', 'header'];

/** May be left out, or null for none. What the texts may be is for the step that sends them to say. */
export const IsAuth = (): PropertyDecorator =>
  applyDecorators(
    Nullable(),
    ValidateBy({
      name: 'isAuth',
      validator: {
        validate: (value: unknown) =>
          isObject(value) && KINDS.filter((kind) => Reflect.get(value, kind) !== undefined).length === 1,
        defaultMessage: () => `must be an object with exactly one of: ${KINDS.join(', ')}; or null for none`,
      },
    }),
    ValidateNested(),
    Type(() => EndpointAuthDto),
  ) as PropertyDecorator;

function IsObjectOf(what: string): PropertyDecorator {
  return ValidateBy({
    name: 'isObjectOf',
    validator: { validate: isObject, defaultMessage: () => `must be an object with ${what}` },
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The one that was given. */
export function authOf({ basic, bearer, header }: EndpointAuthDto): EndpointAuth | null {
  if (basic) return { basic: { username: basic.username, password: basic.password } };
  if (bearer !== undefined) return { bearer };
  return header ? { header: { name: header.name, value: header.value } } : null;
}
