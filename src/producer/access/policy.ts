import type { EventView } from '../../protocol/event.js';
import type { CredentialId, ReceiverId } from '../../protocol/ids.js';

/** An event as a policy sees it. Times are ISO 8601. */
export interface PolicyEvent extends Readonly<Pick<EventView, 'id' | 'type' | 'tenant' | 'occurredAt' | 'recordedAt'>> {
  readonly subject: string | null;
  /** The payload, parsed when it is first looked at; undefined when it is gone. */
  readonly data: unknown;
  /** Why the payload is no longer there, if it is not. */
  readonly gone: 'erased' | 'expired' | null;
  /** `current`: `data` is the resource as it is now, from the resolver of a live view. */
  readonly view: 'snapshot' | 'current';
}

/** Who asks. */
export interface PolicyReceiver {
  readonly id: ReceiverId;
  readonly tenant: string;
  /** Id and scopes of what it authenticated with; null: it has no id of ours. */
  readonly credential: { readonly id: CredentialId | null; readonly scopes: readonly string[] };
}

/**
 * What a reader gets of a payload: the stored one without what JSON pointers lead to, byte for byte; or another one, with the pointers of
 * what was withheld from it.
 */
export type Projection =
  { readonly withhold: readonly string[] } | { readonly data: unknown; readonly redacted?: readonly string[] };

/**
 * The application's own say in who may read what, asked whenever an event is read, after tenant, event types and scopes have admitted it. It
 * can only take away. What it does not admit looks as if it were not there. When it throws, or does not answer in time, nothing is
 * served (503).
 */
export interface PolicyProvider {
  /** Whether the receiver may read the event now; anything but `true` is a no. Also asked for events whose payload is gone. */
  canRead?(event: PolicyEvent, receiver: PolicyReceiver): boolean | Promise<boolean>;
  /** What the receiver gets of the payload, which comes without the sensitive fields withheld from it. Undefined: all of that. */
  project?(event: PolicyEvent, receiver: PolicyReceiver): Projection | undefined | Promise<Projection | undefined>;
}

/** The application's policy threw, did not answer in time, or answered what cannot be served. */
export class PolicyError extends Error {
  readonly code = 'policy_failed';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PolicyError';
  }
}
