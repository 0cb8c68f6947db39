import { Inject, Injectable } from '@nestjs/common';
import type { EventId } from '../../protocol/ids.js';
import type { Authenticated } from '../access/authenticated.js';
import { ReadPolicy, type ShownEvent } from '../access/read-policy.js';
import type { EventStore, StoredEvent } from '../log/event-store.js';
import { EVENT_STORE } from '../signpost-options.js';
import { entitlementOf } from './entitlement.js';
import { EventCache } from './event-cache.js';

/** Events as a reader gets them: those that it may read now, without what is withheld from it. */
@Injectable()
export class ShownEvents {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(EventCache) private readonly cache: EventCache,
    @Inject(ReadPolicy) private readonly policy: ReadPolicy,
  ) {}

  async byId(ids: readonly EventId[], access: Authenticated): Promise<ShownEvent[]> {
    const events = ids.length === 0 ? [] : await this.store.readMany(ids, entitlementOf(access));
    return this.of(events, access);
  }

  async one(id: EventId, access: Authenticated): Promise<ShownEvent | undefined> {
    const event = await this.store.readOne(id, entitlementOf(access));
    const [shown] = event ? await this.of([event], access) : [];
    return shown;
  }

  /** Of events that were just read. Those whose payload is erased while the application thinks about them are shown as such. */
  async of<E extends StoredEvent>(events: readonly E[], access: Authenticated): Promise<ShownEvent<E>[]> {
    const ticket = this.cache.ticket();
    const shown = await this.policy.show(events, access);
    if (!this.policy.asksApplication || ticket === this.cache.ticket() || shown.length === 0) return shown;
    const now = await this.store.readMany(
      shown.map(({ id }) => id),
      entitlementOf(access),
    );
    const gone = new Map(now.filter(({ data }) => data === null).map((event) => [event.id, event.gone]));
    return shown.map((event) => (gone.has(event.id) ? { ...event, data: null, gone: gone.get(event.id) } : event));
  }
}
