import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { StoredEvent } from '../log/event-store.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { ApplicationPolicy } from './application-policy.js';
import type { Authenticated } from './authenticated.js';
import type { FieldRules } from './field-rules.js';
import type { PolicyEvent } from './policy.js';
import { ReadRules } from './read-rules.js';

/** An event as one reader gets it. */
export type ShownEvent<E extends StoredEvent = StoredEvent> = E & {
  /** Pointers of what was withheld from the payload. */
  redacted?: readonly string[];
  /** Tells two forms of one event's payload apart; left out where it is the stored one. */
  variant?: string;
};

/** Events of one page that the application is asked about at once. */
const ASKED_AT_ONCE = 16;
const VARIANT_LENGTH = 16;
export const DEFAULT_POLICY_TIMEOUT_MS = 5_000;

/** Decides at the time of reading what a reader gets of an event: the application's policy, and the sensitive fields. */
@Injectable()
export class ReadPolicy {
  private readonly application: ApplicationPolicy | undefined;

  constructor(
    @Inject(ReadRules) private readonly rules: ReadRules,
    @Inject(SIGNPOST_OPTIONS) { policy, policyTimeoutMs }: Pick<SignpostOptions, 'policy' | 'policyTimeoutMs'>,
  ) {
    this.application = policy && new ApplicationPolicy(policy, policyTimeoutMs ?? DEFAULT_POLICY_TIMEOUT_MS);
  }

  /** The application has a say: what it said of one reading says nothing of the next. */
  get asksApplication(): boolean {
    return this.application !== undefined;
  }

  /** The rules of now; at once, but for about once a second. */
  rulesNow(): FieldRules | Promise<FieldRules> {
    return this.rules.now();
  }

  /**
   * Of `events`, in their order, those that the reader may read now, without what is withheld from it. Throws `ProblemException`
   * (`unavailable`) when the application's policy fails: then none is served.
   */
  async show<E extends StoredEvent>(
    events: readonly E[],
    access: Authenticated,
    view: PolicyEvent['view'] = 'snapshot',
  ): Promise<ShownEvent<E>[]> {
    const { application } = this;
    const known = this.rules.now();
    const rules = known instanceof Promise ? await known : known;
    if (!application) return events.map((event) => withoutFields(event, rules, access));
    const shown: ShownEvent<E>[] = [];
    for (let from = 0; from < events.length; from += ASKED_AT_ONCE) {
      const asked = events.slice(from, from + ASKED_AT_ONCE);
      const answers = await Promise.all(asked.map((event) => ask(application, event, rules, access, view)));
      for (const answer of answers) if (answer) shown.push(answer);
    }
    return shown;
  }
}

/** The event without the sensitive fields that the reader's scopes do not open; itself, if there are none. */
export function withoutFields<E extends StoredEvent>(
  event: E,
  rules: FieldRules,
  { credential }: Authenticated,
): ShownEvent<E> {
  const view = rules.viewOf(event.type, credential.scopes);
  if (!view || event.data === null) return event;
  const { text, cut } = view.cutter.cut(event.data);
  return { ...event, data: text, redacted: cut, variant: view.tag };
}

async function ask<E extends StoredEvent>(
  application: ApplicationPolicy,
  event: E,
  rules: FieldRules,
  access: Authenticated,
  view: PolicyEvent['view'],
): Promise<ShownEvent<E> | undefined> {
  if (!(await application.admits(event, access, view))) return undefined;
  const shown = withoutFields(event, rules, access);
  const { data } = shown;
  if (data === null) return shown;
  const projected = await application.project({ ...shown, data }, access, view);
  if (!projected) return shown;
  // Once more: what the application puts in is of the same type, and no way round its sensitive fields.
  const again = withoutFields({ ...event, data: projected.data }, rules, access);
  const redacted = [...new Set([shown, projected, again].flatMap((part) => part.redacted ?? []))];
  return { ...again, redacted, variant: variantOf(again.data, redacted) };
}

/** Of the content, since an application may answer something else each time. */
function variantOf(data: string | null, redacted: readonly string[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(redacted))
    .update(data ?? '');
  return hash.digest('base64url').slice(0, VARIANT_LENGTH);
}
