import { createHash } from 'node:crypto';
import { JsonCutter } from '../../http/json-cut.js';
import { sensitiveFieldsOf, type SensitiveType } from '../subscriptions/event-types.service.js';
import type { SensitiveField } from '../subscriptions/sensitive-field.js';

/** What of one type's payloads a reader does not get. */
export interface FieldView {
  /** The same for two readers exactly if the same is withheld from both. */
  tag: string;
  cutter: JsonCutter;
}

/** Views of one type that are kept ready, at most; there are as many as there are mixes of scopes. */
const MOST_VIEWS = 100;
const TAG_LENGTH = 12;

/** The sensitive fields of all types, as they were declared at one time. */
export class FieldRules {
  private readonly types = new Map<string, TypeViews>();

  /** @throws TypeError for a pointer that is none */
  constructor(types: readonly SensitiveType[]) {
    for (const { name, sensitiveFields } of types)
      this.types.set(name, new TypeViews(sensitiveFieldsOf(sensitiveFields)));
  }

  /** Undefined: a reader with these scopes gets the whole payload. */
  viewOf(type: string, scopes: readonly string[]): FieldView | undefined {
    return this.types.get(type)?.of(scopes);
  }
}

class TypeViews {
  private readonly views = new Map<string, FieldView>();

  constructor(private readonly fields: readonly SensitiveField[]) {}

  of(scopes: readonly string[]): FieldView | undefined {
    const withheld = this.fields.filter(({ scope }) => !scopes.includes(scope)).map(({ pointer }) => pointer);
    if (withheld.length === 0) return undefined;
    const key = JSON.stringify(withheld);
    const known = this.views.get(key);
    if (known) return known;
    const tag = createHash('sha256').update(key).digest('base64url').slice(0, TAG_LENGTH);
    const view = { tag, cutter: new JsonCutter(withheld) };
    if (this.views.size >= MOST_VIEWS) this.views.clear();
    this.views.set(key, view);
    return view;
  }
}
