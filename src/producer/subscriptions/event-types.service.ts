import { Inject, Injectable } from '@nestjs/common';
import { IsNull, MoreThan, Not, type DataSource, type EntityManager } from 'typeorm';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { NotFoundError, StateConflictError } from './errors.js';
import { EventTypeEntity } from './event-type.entity.js';
import { isoTime, listing, type Listing, type ListRequest } from './listing.js';
import { checkSensitiveFields, type SensitiveField } from './sensitive-field.js';

/** JSON Schema of an event's `data`. */
export type DataSchema = Record<string, unknown> | boolean;

export interface EventTypeChange {
  description?: string | null | undefined;
  schema?: DataSchema | null | undefined;
  /** What is withheld from credentials without the scope, in events that are there already as well. An empty list or null: nothing. */
  sensitiveFields?: readonly SensitiveField[] | null | undefined;
}

export interface NewEventType extends EventTypeChange {
  name: string;
}

/** Times are ISO 8601. */
export interface EventTypeView {
  name: string;
  description: string | null;
  schema: DataSchema | null;
  sensitiveFields: SensitiveField[];
  createdAt: string;
  updatedAt: string;
}

/** An event type with something to withhold; `sensitiveFields` is the JSON text of a list of `SensitiveField`. */
export type SensitiveType = Pick<EventTypeEntity, 'name'> & { sensitiveFields: string };

/**
 * The catalogue of event types. It documents: a type that is not in it can be published all the same. But for the sensitive fields: what
 * it says of those is done when events are read.
 */
@Injectable()
export class EventTypesService {
  private readonly now: () => number;
  private readonly listeners: (() => void)[] = [];

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  /** Calls back, within this process, after a change of the catalogue was committed. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** @throws StateConflictError when the type is there already; InvalidSensitiveFieldError */
  async create({ name, description = null, schema = null, sensitiveFields }: NewEventType): Promise<EventTypeView> {
    checkSensitiveFields(sensitiveFields ?? []);
    const now = this.now();
    const created: EventTypeEntity = {
      name,
      description,
      schema: asText(schema),
      sensitiveFields: fieldsText(sensitiveFields),
      createdAt: now,
      updatedAt: now,
    };
    await this.dataSource.transaction(async (manager) => {
      if (await manager.existsBy(EventTypeEntity, { name })) {
        throw new StateConflictError(`The event type ${name} is in the catalogue already; change it instead`);
      }
      await manager.insert(EventTypeEntity, created);
    });
    this.changed();
    return view(created);
  }

  /** In the order of their names. `after` is a name. */
  async list({ after = '', limit }: ListRequest): Promise<Listing<EventTypeView>> {
    const types = await this.dataSource.manager.find(EventTypeEntity, {
      where: { name: MoreThan(after) },
      order: { name: 'ASC' },
      take: limit + 1,
    });
    return listing(types, limit, ({ name }) => name, view);
  }

  /** @throws NotFoundError */
  async get(name: string): Promise<EventTypeView> {
    return view(await find(this.dataSource.manager, name));
  }

  /** The types that have sensitive fields. */
  async sensitive(): Promise<SensitiveType[]> {
    const types = await this.dataSource.manager.find(EventTypeEntity, {
      select: { name: true, sensitiveFields: true },
      where: { sensitiveFields: Not(IsNull()) },
      order: { name: 'ASC' },
    });
    return types.map(({ name, sensitiveFields }) => ({ name, sensitiveFields: sensitiveFields ?? '[]' }));
  }

  /** @throws NotFoundError; InvalidSensitiveFieldError */
  async update(name: string, { description, schema, sensitiveFields }: EventTypeChange): Promise<EventTypeView> {
    checkSensitiveFields(sensitiveFields ?? []);
    const updated = await this.dataSource.transaction(async (manager) => {
      const found = await find(manager, name);
      const changed: EventTypeEntity = {
        ...found,
        description: description === undefined ? found.description : description,
        schema: schema === undefined ? found.schema : asText(schema),
        sensitiveFields: sensitiveFields === undefined ? found.sensitiveFields : fieldsText(sensitiveFields),
        updatedAt: this.now(),
      };
      await manager.update(EventTypeEntity, { name }, changed);
      return changed;
    });
    this.changed();
    return view(updated);
  }

  /**
   * A type with sensitive fields is kept: its events stay in the log, and without the declaration everybody could read all of them.
   *
   * @throws NotFoundError; StateConflictError while it has sensitive fields
   */
  async remove(name: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      // The condition decides: fields that are declared at the same moment must not go with it.
      const { affected } = await manager.delete(EventTypeEntity, { name, sensitiveFields: IsNull() });
      if (affected !== 0) return;
      await find(manager, name);
      throw new StateConflictError(
        `The event type ${name} has sensitive fields, which everybody could read without it; set sensitiveFields to [] first`,
      );
    });
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

async function find(manager: EntityManager, name: string): Promise<EventTypeEntity> {
  const found = await manager.findOneBy(EventTypeEntity, { name });
  if (!found) throw new NotFoundError('event type', name);
  return found;
}

function asText(schema: DataSchema | null): string | null {
  return schema === null ? null : JSON.stringify(schema);
}

function fromText(schema: string | null): DataSchema | null {
  return schema === null ? null : (JSON.parse(schema) as DataSchema);
}

function fieldsText(fields: readonly SensitiveField[] | null | undefined): string | null {
  if (!fields || fields.length === 0) return null;
  return JSON.stringify(fields.map(({ pointer, scope }) => ({ pointer, scope })));
}

export function sensitiveFieldsOf(text: string | null): SensitiveField[] {
  return text === null ? [] : (JSON.parse(text) as SensitiveField[]);
}

function view({ name, description, schema, sensitiveFields, createdAt, updatedAt }: EventTypeEntity): EventTypeView {
  return {
    name,
    description,
    schema: fromText(schema),
    sensitiveFields: sensitiveFieldsOf(sensitiveFields),
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
  };
}
