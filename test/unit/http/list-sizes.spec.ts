import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import { validated } from '../../../src/http/dto-validation.js';

const seen = { members: 0, made: 0 };

const Counted = () =>
  ValidateBy({ name: 'counted', validator: { validate: () => ++seen.members > 0 } }, { each: true });

class Item {
  @IsOptional()
  name?: string;

  constructor() {
    seen.made += 1;
  }
}

class Lists {
  @ValidateNested({ each: true })
  @Type(() => Item)
  @ArrayMaxSize(3, { message: 'must hold 3 items at most' })
  @IsArray()
  items: Item[] = [];

  @Counted()
  @ArrayMaxSize(2)
  names: string[] = [];
}

describe('a list in a request', () => {
  const refusal = (sent: object): unknown => {
    try {
      return validated(Lists, sent);
    } catch (error) {
      return error;
    }
  };

  it('that is longer than it may be is refused before anybody looks at its members', () => {
    Object.assign(seen, { members: 0, made: 0 });
    const items = Array.from({ length: 4 }, () => ({}));
    expect(refusal({ items, names: ['a', 'b', 'c'] })).toMatchObject({
      code: 'invalid_request',
      errors: [
        { pointer: '/items', message: 'must hold 3 items at most' },
        { pointer: '/names', message: 'must hold 2 at most' },
      ],
    });
    expect(seen).toEqual({ members: 0, made: 0 });
  });

  it('of the largest size is taken', () => {
    Object.assign(seen, { members: 0, made: 0 });
    expect(refusal({ items: [{}, {}], names: ['a', 'b'] })).toBeInstanceOf(Lists);
    expect(seen.members).toBe(2);
  });
});
