import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { NotFoundError, StateConflictError } from './errors.js';
import { EventTypeEntity } from './event-type.entity.js';
import { isoTime, listing, type Listing, type ListRequest } from './listing.js';

/** JSON Schema of an event's `data`. */
export type DataSchema = Record<string, unknown> | boolean;

export interface EventTypeChange {
  description?: string | null | undefined;
  schema?: DataSchema | null | undefined;
}

export interface NewEventType extends EventTypeChange {
  name: string;
}

/** Times are ISO 8601. */
export interface EventTypeView {
  name: string;
  description: string | null;
  schema: DataSchema | null;
  createdAt: string;
  updatedAt: string;
}

/** The catalogue of event types. It documents: a type that is not in it can be published all the same. */
@Injectable()
export class EventTypesService {
  private readonly now: () => number;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  /** @throws StateConflictError when the type is there already */
  async create({ name, description = null, schema = null }: NewEventType): Promise<EventTypeView> {
    const now = this.now();
    const created: EventTypeEntity = { name, description, schema: asText(schema), createdAt: now, updatedAt: now };
    await this.dataSource.transaction(async (manager) => {
      if (await manager.existsBy(EventTypeEntity, { name })) {
        throw new StateConflictError(`The event type ${name} is in the catalogue already; change it instead`);
      }
      await manager.insert(EventTypeEntity, created);
    });
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

  /** @throws NotFoundError */
  async update(name: string, { description, schema }: EventTypeChange): Promise<EventTypeView> {
    const updated = await this.dataSource.transaction(async (manager) => {
      const found = await find(manager, name);
      const changed: EventTypeEntity = {
        ...found,
        description: description === undefined ? found.description : description,
        schema: schema === undefined ? found.schema : asText(schema),
        updatedAt: this.now(),
      };
      await manager.update(EventTypeEntity, { name }, changed);
      return changed;
    });
    return view(updated);
  }

  /** @throws NotFoundError */
  async remove(name: string): Promise<void> {
    const { affected } = await this.dataSource.manager.delete(EventTypeEntity, { name });
    if (affected === 0) throw new NotFoundError('event type', name);
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

function view({ name, description, schema, createdAt, updatedAt }: EventTypeEntity): EventTypeView {
  return { name, description, schema: fromText(schema), createdAt: isoTime(createdAt), updatedAt: isoTime(updatedAt) };
}
