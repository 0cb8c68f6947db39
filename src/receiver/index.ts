// The receiver's side. The module, and what it is told.
export { SignpostReceiverModule } from './signpost-receiver.module.js';
export type { SignpostReceiverStructure } from './receiver.module-definition.js';
export type {
  DrainOptions,
  HandlingOptions,
  HandlingOrder,
  ProducerOptions,
  RegistrationOptions,
  SigningOptions,
  SignpostReceiverOptions,
} from './receiver-options.js';
export { SignpostReceiverOptionsError } from './receiver-options-validation.js';

// Handling events.
export { HandleEvent, HandleOtherEvents, type HandlerOptions } from './handle/decorators.js';
export type { HandlerContext, ReceivedEvent } from './handle/received-event.js';
export { HandlerSetupError, NonRetryableEventError } from './handle/errors.js';

// Looking after it.
export { SignpostReceiver, type ReceiverStatus } from './signpost-receiver.js';
export { InboxService } from './inbox/inbox.service.js';
export { getInboxToken, getReceiverToken } from './receiver-tokens.js';
export { INBOX_STATES, type InboxEntry, type InboxState } from './inbox/inbox-entry.js';
export type { InboxFilter } from './inbox/inbox-store.js';
export type { DrainOutcome } from './drain/feed-drain.js';
export type { WorkSummary } from './handle/inbox-worker.js';

// The schema, for TypeORM's own tools.
export {
  runReceiverMigrations,
  RECEIVER_MIGRATIONS,
  RECEIVER_MIGRATIONS_TABLE,
} from './migrations/run-receiver-migrations.js';
export { RECEIVER_ENTITIES } from './inbox/entities.js';

// The database, as host transactions meet it.
export {
  DatabaseLockedError,
  NotInTransactionError,
  OutsideTransactionError,
  TransactionLostError,
  TurnTimeoutError,
} from '../database/errors.js';

// The client that the module reads the feed with.
export { SignpostClient } from './client/signpost-client.js';
