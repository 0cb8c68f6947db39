import { pointerTokens } from '../../http/json-pointer.js';
import { isFieldScope, type FieldScope } from '../access/scopes.js';

/** A part of an event type's payload that is withheld from whoever lacks the scope. */
export interface SensitiveField {
  /** JSON pointer (RFC 6901) into `data`; `*` as a token stands for each member or element, the empty one for the whole. */
  pointer: string;
  /** Opens it, such as `pii:read`. */
  scope: FieldScope;
}

/** Sensitive fields of one event type, at most. */
export const LARGEST_SENSITIVE = 100;

export const POINTER_RULE =
  'must be a JSON pointer into data (RFC 6901), such as /customer/email or /lines/*/name, of 32 tokens and 1024 characters at most';
export const FIELD_SCOPE_RULE = 'must be a field scope: two names joined by a colon, such as pii:read';

/** A sensitive field that cannot be declared. */
export class InvalidSensitiveFieldError extends Error {
  readonly code = 'invalid_sensitive_field';

  constructor(
    /** JSON pointer into what was given, such as `/sensitiveFields/2/pointer`. */
    readonly pointer: string,
    message: string,
  ) {
    super(`${pointer} ${message}`);
    this.name = 'InvalidSensitiveFieldError';
  }
}

export function isFieldPointer(text: unknown): text is string {
  return typeof text === 'string' && pointerTokens(text) !== undefined;
}

/** @throws InvalidSensitiveFieldError */
export function checkSensitiveFields(fields: readonly SensitiveField[]): void {
  if (fields.length > LARGEST_SENSITIVE) {
    throw new InvalidSensitiveFieldError('/sensitiveFields', `must hold ${LARGEST_SENSITIVE} fields at most`);
  }
  const seen = new Set<string>();
  for (const [index, { pointer, scope }] of fields.entries()) {
    const at = `/sensitiveFields/${index}`;
    if (!isFieldPointer(pointer)) throw new InvalidSensitiveFieldError(`${at}/pointer`, POINTER_RULE);
    if (!isFieldScope(scope)) throw new InvalidSensitiveFieldError(`${at}/scope`, FIELD_SCOPE_RULE);
    // Which of two scopes opens it would be a guess.
    if (seen.has(pointer)) throw new InvalidSensitiveFieldError(`${at}/pointer`, 'stands twice; send it once');
    seen.add(pointer);
  }
}
