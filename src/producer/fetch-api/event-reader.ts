import { Inject, Injectable } from '@nestjs/common';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { ID_PREFIX, isId } from '../../protocol/ids.js';
import type { ProblemCode } from '../../protocol/problem.js';
import type { Entitlement, EventStore, Position, StoredEvent } from '../log/event-store.js';
import { EVENT_STORE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import type { EVENT_TYPES_SERVED } from './accepted-type.js';
import { EventCache } from './event-cache.js';
import { cloudEventETag, eventCloudEvent, eventJson, isReadable, jsonETag } from './event-representation.js';

/** `not_found`: it is not there, or not for this reader; nobody can tell which. */
export type EventRead =
  | { kind: 'found'; position: Position; etag: string; body: string }
  | { kind: 'gone'; code: Extract<ProblemCode, 'gone_erased' | 'gone_expired'> }
  | { kind: 'not_found' };

type EventMediaType = (typeof EVENT_TYPES_SERVED)[number];

/** Reads single events, as the bytes of the representation that was asked for. */
@Injectable()
export class EventReader {
  /** Where the API is reached: the `source` of CloudEvents. */
  readonly source: string;
  private readonly retentionMs: number;
  private readonly now: () => number;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(EventCache) private readonly cache: EventCache,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'publicUrl' | 'retentionMs' | 'now'>,
  ) {
    this.source = options.publicUrl ?? 'http://127.0.0.1:3000';
    this.retentionMs = options.retentionMs ?? Number.POSITIVE_INFINITY;
    this.now = options.now ?? Date.now;
  }

  async one(id: string, entitlement: Entitlement, mediaType: EventMediaType): Promise<EventRead> {
    if (!isId(ID_PREFIX.event, id)) return { kind: 'not_found' };
    if (mediaType === MEDIA_TYPE.cloudEvent) {
      const event = await this.store.readOne(id, entitlement);
      return outcome(event, (readable) => ({
        etag: cloudEventETag(id, this.source),
        body: eventCloudEvent(readable, this.source),
      }));
    }
    // Beyond retention the log decides, which says whether the payload is still there.
    const cached = this.cache.get(id, entitlement, this.now() - this.retentionMs);
    if (cached) return { kind: 'found', position: cached.position, etag: jsonETag(id), body: cached.body };

    const ticket = this.cache.ticket();
    const event = await this.store.readOne(id, entitlement);
    return outcome(event, (readable) => {
      const body = eventJson(readable);
      const { tenant, type, recordedAt, position } = readable;
      this.cache.put(id, { tenant, type, recordedAt, position, body }, ticket);
      return { etag: jsonETag(id), body };
    });
  }

  /** As `one`, as JSON, for each of `ids` that is there; what is missing is `not_found`. */
  async many(ids: readonly string[], entitlement: Entitlement): Promise<Map<string, EventRead>> {
    const wanted = [...new Set(ids)].filter((id) => isId(ID_PREFIX.event, id));
    const events = wanted.length === 0 ? [] : await this.store.readMany(wanted, entitlement);
    return new Map(
      events.map((event) => [
        event.id,
        outcome(event, (readable) => ({ etag: jsonETag(event.id), body: eventJson(readable) })),
      ]),
    );
  }
}

function outcome(
  event: StoredEvent | undefined,
  represent: (event: StoredEvent & { data: string }) => { etag: string; body: string },
): EventRead {
  if (!event) return { kind: 'not_found' };
  if (!isReadable(event)) return { kind: 'gone', code: event.gone === 'erased' ? 'gone_erased' : 'gone_expired' };
  return { kind: 'found', position: event.position, ...represent(event) };
}
