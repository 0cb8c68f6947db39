import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { IdGenerator, type ReceiverId } from '../../protocol/ids.js';
import type { ProducerDatabase } from '../producer-database.js';
import {
  PRODUCER_DATABASE,
  SIGNPOST_DATA_SOURCE,
  SIGNPOST_OPTIONS,
  type SignpostOptions,
} from '../signpost-options.js';
import { EndpointEntity } from './endpoint.entity.js';
import { NotFoundError } from './errors.js';
import { isoTime, listing, type Listing, type ListRequest } from './listing.js';
import { ReceiverChanges } from './receiver-changes.js';
import { ReceiverEntity } from './receiver.entity.js';

export interface NewReceiver {
  /** Default `default`. */
  tenant?: string | undefined;
  name: string;
  /** Patterns of what it may read. Default `['*']`. */
  eventTypes?: readonly string[] | undefined;
}

export interface ReceiverChange {
  name?: string | undefined;
  eventTypes?: readonly string[] | undefined;
}

/** Times are ISO 8601. */
export interface ReceiverView {
  id: ReceiverId;
  tenant: string;
  name: string;
  eventTypes: string[];
  createdAt: string;
  updatedAt: string;
}

/** The consuming applications and what the operator lets each of them read. */
@Injectable()
export class ReceiversService {
  private readonly now: () => number;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(PRODUCER_DATABASE) private readonly database: Pick<ProducerDatabase, 'attempts'>,
    @Inject(IdGenerator) private readonly ids: IdGenerator,
    @Inject(ReceiverChanges) private readonly changes: ReceiverChanges,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  async create({ tenant = 'default', name, eventTypes = ['*'] }: NewReceiver): Promise<ReceiverView> {
    const now = this.now();
    const receiver: ReceiverEntity = {
      id: this.ids.next('rcv'),
      tenant,
      name,
      eventTypes: [...eventTypes],
      createdAt: now,
      updatedAt: now,
    };
    await this.dataSource.manager.insert(ReceiverEntity, receiver);
    return view(receiver);
  }

  /** In the order of creation. `after` is an id. */
  async list({
    tenant,
    after = '',
    limit,
  }: ListRequest & { tenant?: string | undefined }): Promise<Listing<ReceiverView>> {
    const receivers = await this.dataSource.manager.find(ReceiverEntity, {
      where: { id: MoreThan(after as ReceiverId), ...(tenant === undefined ? {} : { tenant }) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    return listing(receivers, limit, (receiver) => receiver.id, view);
  }

  /** @throws NotFoundError */
  async get(id: ReceiverId): Promise<ReceiverView> {
    return view(await findReceiver(this.dataSource.manager, id));
  }

  /**
   * What it may no longer read is refused from now on, and left out of signals that are composed from now on.
   *
   * @throws NotFoundError
   */
  async update(id: ReceiverId, { name, eventTypes }: ReceiverChange): Promise<ReceiverView> {
    const updated = await this.dataSource.transaction(async (manager) => {
      const receiver = await findReceiver(manager, id);
      const changed: ReceiverEntity = {
        ...receiver,
        name: name ?? receiver.name,
        eventTypes: eventTypes === undefined ? receiver.eventTypes : [...eventTypes],
        updatedAt: this.now(),
      };
      await manager.update(ReceiverEntity, { id }, changed);
      // Dispatching remembers what a receiver may read under its endpoints' versions.
      if (eventTypes) await manager.increment(EndpointEntity, { receiverId: id }, 'version', 1);
      return changed;
    });
    this.changes.changed(id);
    return view(updated);
  }

  /**
   * With its endpoints, credentials and place in the log.
   *
   * @throws NotFoundError
   */
  async remove(id: ReceiverId): Promise<void> {
    const endpoints = await this.dataSource.manager.find(EndpointEntity, {
      select: { id: true },
      where: { receiverId: id },
    });
    for (const endpoint of endpoints) await this.database.attempts.remove(endpoint.id);
    const { affected } = await this.dataSource.manager.delete(ReceiverEntity, { id });
    this.changes.changed(id);
    if (affected === 0) throw new NotFoundError('receiver', id);
  }
}

/** @throws NotFoundError */
export async function findReceiver(manager: EntityManager, id: ReceiverId): Promise<ReceiverEntity> {
  const receiver = await manager.findOneBy(ReceiverEntity, { id });
  if (!receiver) throw new NotFoundError('receiver', id);
  return receiver;
}

function view({ id, tenant, name, eventTypes, createdAt, updatedAt }: ReceiverEntity): ReceiverView {
  return { id, tenant, name, eventTypes, createdAt: isoTime(createdAt), updatedAt: isoTime(updatedAt) };
}
