import type { StoredEvent } from '../log/event-store.js';
import { isoTime } from '../subscriptions/listing.js';
import type { Authenticated } from './authenticated.js';
import type { PolicyEvent, PolicyReceiver } from './policy.js';

/** The event for the application. The payload is parsed when it is looked at, since most policies decide by type and subject. */
export function policyEvent(event: StoredEvent, view: PolicyEvent['view'] = 'snapshot'): PolicyEvent {
  const { id, type, tenant, subject, gone, data } = event;
  let parsed: { value: unknown } | undefined;
  return {
    id,
    type,
    tenant,
    subject,
    occurredAt: isoTime(event.occurredAt),
    recordedAt: isoTime(event.recordedAt),
    gone,
    view,
    get data() {
      parsed ??= { value: data === null ? undefined : (JSON.parse(data) as unknown) };
      return parsed.value;
    },
  };
}

export function policyReceiver({ receiver, credential }: Authenticated): PolicyReceiver {
  return {
    id: receiver.id,
    tenant: receiver.tenant,
    credential: { id: credential.id, scopes: credential.scopes },
  };
}
