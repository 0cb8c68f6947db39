import { Inject, Injectable } from '@nestjs/common';
import { assertExactJson } from '../../http/exact-json.js';
import { checkJson } from '../../http/json-text.js';
import { invalid } from '../../http/dto-validation.js';
import { ProblemException } from '../../http/problem-exception.js';
import { patternsMatching } from '../../protocol/event-type.js';
import { ID_PREFIX, isId } from '../../protocol/ids.js';
import { answerInTime, LateAnswerError } from '../access/answer-in-time.js';
import type { Authenticated } from '../access/authenticated.js';
import { policyEvent, policyReceiver } from '../access/policy-event.js';
import { ReadPolicy } from '../access/read-policy.js';
import type { EventStore, Position, StoredEvent } from '../log/event-store.js';
import { EVENT_STORE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { isoTime } from '../subscriptions/listing.js';
import { CurrentViewError, type CurrentState, type CurrentView } from './current-view.js';
import { entitlementOf } from './entitlement.js';
import { eventJson, isReadable, redactedMember, type ReadableEvent } from './event-representation.js';
import { goneRead } from './event-reader.js';
import { problemOfRead } from './problem-of-read.js';
import { ShownEvents } from './shown-events.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_RETRY_AFTER_MS = 1_000;

/** An event beside its resource as it is now, ready to send. */
export interface LiveRead {
  position: Position;
  body: string;
}

/** Answers events with their resource as it is now, which the application looks up. */
@Injectable()
export class LiveView {
  private readonly views = new Map<string, CurrentView>();
  private readonly timeoutMs: number;
  private readonly now: () => number;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(ShownEvents) private readonly shown: ShownEvents,
    @Inject(ReadPolicy) private readonly policy: ReadPolicy,
    @Inject(SIGNPOST_OPTIONS)
    {
      currentViews = [],
      currentViewTimeoutMs,
      now,
    }: Pick<SignpostOptions, 'currentViews' | 'currentViewTimeoutMs' | 'now'>,
  ) {
    for (const view of currentViews) for (const pattern of view.types) this.views.set(pattern, view);
    this.timeoutMs = currentViewTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.now = now ?? Date.now;
  }

  /**
   * Throws `ProblemException`: as for the event alone; `invalid_request` for a type without a resolver, `too_early` when the change
   * cannot be seen yet, `unavailable` when the resolver fails.
   */
  async read(id: string, access: Authenticated): Promise<LiveRead> {
    const { event } = await this.readable(id, access);
    const current = await this.current(event, access);
    // Again: while the application looked it up, the payload may have been erased, or the right to it withdrawn.
    const { shown } = await this.readable(id, access);
    return { position: shown.position, body: `${eventJson(shown).slice(0, -1)},"current":${current}}` };
  }

  /** The event as it is stored, and as the reader gets it. */
  private async readable(id: string, access: Authenticated): Promise<{ event: StoredEvent; shown: ReadableEvent }> {
    const event = isId(ID_PREFIX.event, id) ? await this.store.readOne(id, entitlementOf(access)) : undefined;
    const [shown] = event ? await this.shown.of([event], access) : [];
    if (!event || !shown) throw problemOfRead({ kind: 'not_found' });
    if (isReadable(shown)) return { event, shown };
    throw problemOfRead(goneRead(shown));
  }

  /** The member `current`, as JSON text. */
  private async current(event: StoredEvent, access: Authenticated): Promise<string> {
    const view = this.viewOf(event.type);
    // What the resolver answers may be newer than this, and is never older.
    const asOf = isoTime(this.now());
    const { state, data } = await this.resolve(view, event, access);
    if (state === 'not-yet') {
      const seconds = Math.ceil((view.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) / 1_000);
      throw new ProblemException('too_early', 'The change that the event tells of cannot be seen yet; ask again.', {
        headers: { 'retry-after': String(seconds) },
      });
    }
    if (state === 'gone') return `{"state":"gone","asOf":"${asOf}"}`;
    const [shown] = await this.policy.show([{ ...event, data }], access, 'current');
    if (!shown) throw problemOfRead({ kind: 'not_found' });
    const version = state.version === undefined ? '' : `,"version":${JSON.stringify(state.version)}`;
    return `{"state":"found","asOf":"${asOf}"${version},"data":${shown.data}${redactedMember(shown)}}`;
  }

  private viewOf(type: string): CurrentView {
    // Widest first, so the last one that there is a resolver for is the most specific.
    const pattern = patternsMatching(type).findLast((candidate) => this.views.has(candidate));
    const view = pattern === undefined ? undefined : this.views.get(pattern);
    if (view) return view;
    throw invalid([{ pointer: '/view', message: `has no current for events of the type ${type}; leave view out` }]);
  }

  private async resolve(view: CurrentView, event: StoredEvent, access: Authenticated) {
    try {
      const state = await answerInTime(this.timeoutMs, (signal) =>
        view.resolve(policyEvent(event), policyReceiver(access), signal),
      );
      return { state, data: currentText(state) };
    } catch (error) {
      const cause = new CurrentViewError(`The resolver of ${event.type} failed for ${event.id}: ${reasonOf(error)}`, {
        cause: error,
      });
      throw new ProblemException('unavailable', 'The resource as it is now cannot be told at the moment.', {
        headers: { 'retry-after': '1' },
        cause,
      });
    }
  }
}

/** Of an application's error the name alone: its message may quote the resource. */
function reasonOf(error: unknown): string {
  if (error instanceof CurrentViewError || error instanceof LateAnswerError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}

/** Throws what no answer can be made of. */
function currentText(state: CurrentState): string {
  if (state === 'gone' || state === 'not-yet') return 'null';
  if (typeof state !== 'object' || state === null || !('data' in state)) {
    throw new CurrentViewError("it answers { data, version? }, 'gone' or 'not-yet'");
  }
  const { version } = state;
  const isVersion = version === undefined || typeof version === 'string' || Number.isFinite(version);
  if (!isVersion) throw new CurrentViewError('it names a version that is neither text nor a number');
  const text = assertExactJson(state.data);
  // As deep as a payload may be, too.
  checkJson(text);
  return text;
}
