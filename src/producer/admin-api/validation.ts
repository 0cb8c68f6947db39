import { isISO8601, Matches, ValidateBy, ValidateIf, type ValidationOptions } from 'class-validator';
import type { RawJson } from '../../http/raw-json.js';
import { isEventType, isEventTypePattern } from '../../protocol/event-type.js';
import { ID_PREFIX, isId, type IdPrefix } from '../../protocol/ids.js';
import { isCredentialScope, isFieldScope, ROUTE_SCOPES } from '../access/scopes.js';
import { FIELD_SCOPE_RULE, isFieldPointer, POINTER_RULE } from '../subscriptions/sensitive-field.js';

/** May be left out. Unlike class-validator's `IsOptional`, null is not "left out": it would reach code that expects a value. */
export const Optional = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);

/** May be left out, or null where "none" is a value of its own. */
export const Nullable = (): PropertyDecorator =>
  ValidateIf((_, value: unknown) => value !== undefined && value !== null);

function Satisfies(name: string, check: (value: unknown) => boolean, message: string, options?: ValidationOptions) {
  return ValidateBy({ name, validator: { validate: check, defaultMessage: () => message } }, options);
}

/** A string of 1 to `max` characters (UTF-16 units, as everywhere else) without control characters; `lines`: but for line ends and tabs. */
export function IsText(max: number, { lines = false } = {}): PropertyDecorator {
  const refused = lines ? /(?![\n\r\t])\p{Cc}/u : /\p{Cc}/u;
  const check = (value: unknown) =>
    typeof value === 'string' && value.length > 0 && value.length <= max && !refused.test(value);
  return Satisfies('isText', check, `must be text of 1 to ${max} characters without control characters`);
}

/** For a `RawJson`: a JSON Schema is an object, or true or false for "anything" and "nothing" (2020-12, section 4.3). Null for none. */
export const IsJsonSchema = (): PropertyDecorator =>
  Satisfies(
    'isJsonSchema',
    (value) => /^(\{|true$|false$|null$)/.test((value as RawJson).text),
    'must be a JSON Schema (an object, true or false), or null for none',
  );

export const IsEventTypeName = (): PropertyDecorator =>
  Satisfies(
    'isEventTypeName',
    (value) => typeof value === 'string' && isEventType(value),
    'must be identifiers of [a-zA-Z0-9_] joined by full stops, 128 characters at most, such as invoice.paid',
  );

export const IsIdOf = (prefix: IdPrefix): PropertyDecorator =>
  Satisfies(
    'isIdOf',
    (value) => typeof value === 'string' && isId(prefix, value),
    `must be an id that begins with ${prefix}_`,
  );

/** What the audit of changes is asked for: anything that has an id, or an event type. */
export const IsTarget = (): PropertyDecorator =>
  Satisfies(
    'isTarget',
    (value) =>
      typeof value === 'string' &&
      (isEventType(value) || Object.values(ID_PREFIX).some((prefix) => isId(prefix, value))),
    'must be an id such as ep_01kaz8fp3wfj2taq4k3bv8s5ch, or an event type',
  );

/** For a list: each member is a pattern. */
export const ArePatterns = (): PropertyDecorator =>
  Satisfies(
    'arePatterns',
    (value) => typeof value === 'string' && isEventTypePattern(value),
    'must each be an event type such as invoice.paid, a prefix such as invoice.*, or *',
    { each: true },
  );

/** For a list: each member is a scope of the fetch API, or a field scope. */
export const AreCredentialScopes = (): PropertyDecorator =>
  Satisfies(
    'areCredentialScopes',
    (value) => typeof value === 'string' && isCredentialScope(value),
    `must each be one of ${ROUTE_SCOPES.join(', ')}, or a field scope such as pii:read`,
    { each: true },
  );

/** For a list of nested DTOs: class-validator looks into a list within the list and finds nothing wrong with an empty one. */
export const AreObjects = (what: string): PropertyDecorator =>
  Satisfies(
    'areObjects',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    `must each be an object: ${what}`,
    { each: true },
  );

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** A point in time, zone included: without one, two machines would read two different times. */
export const IsTimestamp = (): PropertyDecorator =>
  Satisfies(
    'isTimestamp',
    (value) =>
      typeof value === 'string' &&
      RFC3339.test(value) &&
      isISO8601(value, { strict: true }) &&
      !Number.isNaN(Date.parse(value)),
    'must be a date and time with its zone, such as 2026-11-23T17:30:00.000Z',
  );

export const TENANT_DESCRIPTION = 'Whose data it is: 1 to 128 characters of `A-Z a-z 0-9 _ . : -`.';

export const IsTenant = (): PropertyDecorator =>
  Matches(/^[A-Za-z0-9_.:-]{1,128}$/, { message: 'must be 1 to 128 characters of A-Z a-z 0-9 _ . : -' });

/** The message that names the choices. */
export const oneOf = (choices: readonly string[]) => ({ message: `must be one of: ${choices.join(', ')}` });

export const IsFieldPointer = (): PropertyDecorator => Satisfies('isFieldPointer', isFieldPointer, POINTER_RULE);

export const IsFieldScope = (): PropertyDecorator =>
  Satisfies('isFieldScope', (value) => typeof value === 'string' && isFieldScope(value), FIELD_SCOPE_RULE);
