import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { ReceiverId } from '../../protocol/ids.js';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { ReceiverChanges } from '../subscriptions/receiver-changes.js';
import { ReceiverEntity } from '../subscriptions/receiver.entity.js';
import type { Authenticated } from './authenticated.js';
import { KeyCache } from './key-cache.js';

export type KnownReceiver = Authenticated['receiver'];

/** Receivers for whom somebody else vouches: no credential of ours leads to them. */
@Injectable()
export class KnownReceivers {
  private readonly cache: KeyCache<ReceiverId, KnownReceiver>;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(ReceiverChanges) changes: ReceiverChanges,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.cache = new KeyCache((id) => this.read(id), options.now ?? Date.now);
    changes.subscribe((id) => this.cache.forget(id));
  }

  /** The receiver, no older than a second; at once if it was read within that. Undefined: there is none. */
  get(id: ReceiverId): KnownReceiver | undefined | Promise<KnownReceiver | undefined> {
    return this.cache.get(id);
  }

  private async read(id: ReceiverId): Promise<KnownReceiver | undefined> {
    const receiver = await this.dataSource.manager.findOneBy(ReceiverEntity, { id });
    return receiver ? { id, tenant: receiver.tenant, eventTypes: receiver.eventTypes } : undefined;
  }
}
