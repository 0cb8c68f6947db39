import { DEFAULT_NAME } from './receiver.module-definition.js';
import { InboxService } from './inbox/inbox.service.js';
import { SignpostReceiver } from './signpost-receiver.js';

/** What to inject the `InboxService` of a named receiver module with. */
export function getInboxToken(name: string = DEFAULT_NAME): string | typeof InboxService {
  return name === DEFAULT_NAME ? InboxService : `SIGNPOST_INBOX_${name}`;
}

/** What to inject the `SignpostReceiver` of a named receiver module with. */
export function getReceiverToken(name: string = DEFAULT_NAME): string | typeof SignpostReceiver {
  return name === DEFAULT_NAME ? SignpostReceiver : `SIGNPOST_RECEIVER_${name}`;
}
