import { plainToInstance } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';
import { rawMembersOf } from './raw-json.decorator.js';

/** Which members of a request object are kept as text. */
export interface JsonShape {
  /** Members that are answered as `RawJson`, byte for byte as they were sent. */
  readonly raw: readonly string[];
  /** Members that are arrays of objects, with the shape of each object. */
  readonly lists: Readonly<Record<string, JsonShape>>;
}

export type DtoClass<T extends object = object> = new () => T;

const shapes = new WeakMap<DtoClass, JsonShape>();

/** The shape of a DTO, from its `@RawJson()` members and from its lists of other DTOs (`@Type`). */
export function shapeOf(type: DtoClass): JsonShape {
  const known = shapes.get(type);
  if (known) return known;
  const lists: Record<string, JsonShape> = {};
  const raw = rawMembersOf(type);
  for (const member of membersOf(type)) {
    if (raw.includes(member)) continue;
    const item = itemClass(type, member);
    const shape = item && item !== type ? shapeOf(item) : undefined;
    if (shape && (shape.raw.length > 0 || Object.keys(shape.lists).length > 0)) lists[member] = shape;
  }
  const shape = { raw, lists };
  shapes.set(type, shape);
  return shape;
}

/** The members that a DTO knows: those with a validation decorator. */
export function membersOf(type: DtoClass): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map((rule) => rule.propertyName))];
}

/** What class-transformer makes of an object in a list; asking it is the only public way to its `@Type`. */
function itemClass(type: DtoClass, member: string): DtoClass | undefined {
  const probe = plainToInstance(type, { [member]: [{}] }) as Record<string, unknown>;
  const list = probe[member];
  const item: unknown = Array.isArray(list) ? list[0] : undefined;
  if (typeof item !== 'object' || item === null || item.constructor === Object) return undefined;
  return item.constructor as DtoClass;
}
