import { Inject, Injectable } from '@nestjs/common';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { ID_PREFIX, isId, type EventId } from '../../protocol/ids.js';
import type { ProblemCode } from '../../protocol/problem.js';
import type { Authenticated } from '../access/authenticated.js';
import type { FieldView } from '../access/field-rules.js';
import { ReadPolicy, type ShownEvent } from '../access/read-policy.js';
import type { EventStore, Position, StoredEvent } from '../log/event-store.js';
import { EVENT_STORE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import type { EVENT_TYPES_SERVED } from './accepted-type.js';
import { entitlementOf } from './entitlement.js';
import { EventCache, type CachedEvent } from './event-cache.js';
import {
  cloudEventETag,
  eventCloudEvent,
  eventHead,
  eventJson,
  isReadable,
  jsonETag,
  redactedMember,
  type ReadableEvent,
} from './event-representation.js';
import { ShownEvents } from './shown-events.js';

/** `not_found`: it is not there, or not for this reader; nobody can tell which. */
export type EventRead =
  | { kind: 'found'; position: Position; etag: string; body: string }
  | { kind: 'gone'; position: Position; code: Extract<ProblemCode, 'gone_erased' | 'gone_expired'> }
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
    @Inject(ReadPolicy) private readonly policy: ReadPolicy,
    @Inject(ShownEvents) private readonly shown: ShownEvents,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'publicUrl' | 'retentionMs' | 'now'>,
  ) {
    this.source = options.publicUrl ?? 'http://127.0.0.1:3000';
    this.retentionMs = options.retentionMs ?? Number.POSITIVE_INFINITY;
    this.now = options.now ?? Date.now;
  }

  async one(id: string, access: Authenticated, mediaType: EventMediaType): Promise<EventRead> {
    if (!isId(ID_PREFIX.event, id)) return { kind: 'not_found' };
    if (mediaType === MEDIA_TYPE.cloudEvent) {
      return outcome(await this.shown.one(id, access), (event) => ({
        etag: cloudEventETag(id, this.source, event.variant),
        body: eventCloudEvent(event, this.source),
      }));
    }
    // An application that has a say sees the event itself, each time.
    return this.policy.asksApplication ? jsonOutcome(await this.shown.one(id, access)) : this.oneForMany(id, access);
  }

  /** As `one`, as JSON, for each of `ids` that is there; what is missing is `not_found`. */
  async many(ids: readonly string[], access: Authenticated): Promise<Map<string, EventRead>> {
    const wanted = [...new Set(ids)].filter((id) => isId(ID_PREFIX.event, id));
    const shown = await this.shown.byId(wanted, access);
    return new Map(shown.map((event) => [event.id, jsonOutcome(event)]));
  }

  /** An event that many receivers ask for is read from the database once. */
  private async oneForMany(id: EventId, access: Authenticated): Promise<EventRead> {
    // First, since it drops what was erased meanwhile.
    const known = this.policy.rulesNow();
    const rules = known instanceof Promise ? await known : known;
    const { scopes } = access.credential;
    const entitlement = entitlementOf(access);
    // Beyond retention the log decides, which says whether the payload is still there.
    const cached = this.cache.get(id, entitlement, this.now() - this.retentionMs);
    if (cached) return ready(id, cached, rules.viewOf(cached.type, scopes));

    const ticket = this.cache.ticket();
    const event = await this.store.readOne(id, entitlement);
    if (!event || !isReadable(event)) return jsonOutcome(event);
    const { tenant, type, recordedAt, position } = event;
    const head = eventHead(event);
    const entry = { tenant, type, recordedAt, position, body: `${head}${event.data}}`, dataAt: head.length };
    this.cache.put(id, entry, ticket);
    return ready(id, entry, rules.viewOf(type, scopes));
  }
}

function ready(id: string, { position, body, dataAt }: CachedEvent, view: FieldView | undefined): EventRead {
  if (!view) return { kind: 'found', position, etag: jsonETag(id), body };
  const { text, cut } = view.cutter.cut(body.slice(dataAt, -1));
  const shown = `${body.slice(0, dataAt)}${text}${redactedMember({ redacted: cut })}}`;
  return { kind: 'found', position, etag: jsonETag(id, view.tag), body: shown };
}

function jsonOutcome(event: ShownEvent | undefined): EventRead {
  return outcome(event, (readable) => ({ etag: jsonETag(readable.id, readable.variant), body: eventJson(readable) }));
}

/** Of an event whose payload is no longer there. */
export function goneRead({ position, gone }: StoredEvent): Extract<EventRead, { kind: 'gone' }> {
  return { kind: 'gone', position, code: gone === 'erased' ? 'gone_erased' : 'gone_expired' };
}

function outcome(
  event: StoredEvent | undefined,
  represent: (event: ReadableEvent) => { etag: string; body: string },
): EventRead {
  if (!event) return { kind: 'not_found' };
  return isReadable(event) ? { kind: 'found', position: event.position, ...represent(event) } : goneRead(event);
}
