import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { ProblemField } from '../protocol/problem.js';
import { pointerTo } from './json-errors.js';
import { membersOf, type DtoClass } from './json-shape.js';
import { oversizedLists } from './list-sizes.js';
import { ProblemException } from './problem-exception.js';

/** Enough to see the pattern: a thousand wrong events are not answered with a thousand errors. */
const MAX_REPORTED = 100;
const UNKNOWN = 'whitelistValidation';

/**
 * Makes a DTO of what was sent and checks it; members that the DTO does not know are refused.
 * Throws `ProblemException` (`invalid_request`) with a pointer to each member at fault.
 */
export function validated<T extends object>(type: DtoClass<T>, sent: unknown): T {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    throw invalid([{ pointer: '', message: 'must be a JSON object' }]);
  }
  const oversized = oversizedLists(type, sent);
  if (oversized.length > 0) throw invalid(oversized);
  const dto = plainToInstance(type, sent);
  const dropped = droppedFields(sent, dto, '');
  if (dropped.length > 0) throw invalid(dropped);
  const errors = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
    validationError: { target: true, value: false },
  });
  if (errors.length > 0) throw invalid(errors.flatMap((error) => fieldsAtFault(error, '')));
  return dto;
}

export function invalid(errors: readonly ProblemField[]): ProblemException {
  const shown = errors.slice(0, MAX_REPORTED);
  const detail = shown.map(({ pointer, message }) => `${pointer || 'The body'} ${message}`)[0];
  return new ProblemException('invalid_request', errors.length === 1 ? detail : undefined, { errors: shown });
}

function fieldsAtFault(error: ValidationError, parent: string): ProblemField[] {
  const pointer = pointerTo(parent, error.property);
  const nested = (error.children ?? []).flatMap((child) => fieldsAtFault(child, pointer));
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) =>
    rule === UNKNOWN
      ? unknownField(parent, error.property, knownIn(error.target))
      : { pointer, message: withoutName(message, error.property) },
  );
  return [...own, ...nested];
}

/** Names that every object inherits (`constructor`, `toString`, `__proto__`) class-transformer leaves out in silence. */
function droppedFields(sent: object, dto: object, parent: string): ProblemField[] {
  return Object.entries(sent).flatMap(([name, value]: [string, unknown]) => {
    if (!Array.isArray(sent) && !Object.hasOwn(dto, name)) return [unknownField(parent, name, knownIn(dto))];
    const kept: unknown = Reflect.get(dto, name);
    const comparable = isObject(value) && isObject(kept) && Array.isArray(value) === Array.isArray(kept);
    return comparable ? droppedFields(value, kept, pointerTo(parent, name)) : [];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** class-validator begins its own messages with the name, which the pointer says already. */
function withoutName(message: string, name: string): string {
  return message.startsWith(`${name} `) ? message.slice(name.length + 1) : message;
}

function unknownField(parent: string, name: string, known: readonly string[]): ProblemField {
  return { pointer: pointerTo(parent, name), message: `is not known here; remove it (known: ${known.join(', ')})` };
}

function knownIn(dto: object | undefined): string[] {
  return dto ? membersOf(dto.constructor as DtoClass) : [];
}
