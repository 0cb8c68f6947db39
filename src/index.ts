// The producer's side. The module, and what it is told.
export { SignpostModule } from './producer/signpost.module.js';
export type { SignpostStructure } from './producer/signpost.module-definition.js';
export type {
  DispatchOptions,
  EndpointOptions,
  FetchApiOptions,
  IssuerOptions,
  OAuthOptions,
  PostgresOptions,
  ReceiverIdentity,
  SigningKeyOptions,
  SignpostOptions,
  TargetOptions,
} from './producer/signpost-options.js';
export type { LimitOptions, RequestRate } from './producer/limits/limit-options.js';
export type { RateLimiter, RateStanding } from './producer/limits/rate-limiter.js';
export { SignpostOptionsError } from './producer/options-error.js';

// Publishing.
export { Publisher } from './producer/publish/publisher.js';
export { InvalidEventError, type EventInput } from './producer/publish/event-input.js';
export { IdempotencyConflictError } from './producer/log/errors.js';
export type { Appended } from './producer/log/event-store.js';
export {
  DatabaseLockedError,
  DatabaseUnavailableError,
  NotInTransactionError,
  OutsideTransactionError,
  TransactionLostError,
  TurnTimeoutError,
} from './database/errors.js';

// Who may read what, and what is to be forgotten.
export {
  PolicyError,
  type PolicyEvent,
  type PolicyProvider,
  type PolicyReceiver,
  type Projection,
} from './producer/access/policy.js';
export { CurrentViewError, type CurrentState, type CurrentView } from './producer/fetch-api/current-view.js';
export { Erasing, type Erasure } from './producer/log/erasing.js';
export type { SensitiveField } from './producer/subscriptions/sensitive-field.js';

// Who may read, and where signals go; for applications that do it in code rather than over the admin API.
export { ReceiversService } from './producer/subscriptions/receivers.service.js';
export { EndpointsService } from './producer/subscriptions/endpoints.service.js';
export { EventTypesService } from './producer/subscriptions/event-types.service.js';
export { CredentialsService } from './producer/access/credentials.service.js';
export { AdminKeysService } from './producer/access/admin-keys.service.js';
export { SigningKeys } from './producer/access/signing-keys.js';

// Running it: the loop, retention, health, errors as problems, the documents, the schema.
export { Dispatcher } from './producer/dispatch/dispatcher.js';
export { Retention } from './producer/log/retention.js';
export { SignpostHealth, type HealthReport } from './producer/signpost-health.js';
export { ProblemFilter } from './http/problem.filter.js';
export { answerFrameworkError } from './http/answer-problem.js';
export { answerClientError } from './http/answer-client-error.js';
export { limitServer, type ServerLimits } from './http/server-limits.js';
export { isDatabaseUnavailable, isRetryableDatabaseError } from './database/errors.js';
export { createAdminApiDocument, createFetchApiDocument } from './producer/openapi.js';
export { runMigrations, SIGNPOST_MIGRATIONS, SIGNPOST_MIGRATIONS_TABLE } from './producer/migrations/run-migrations.js';
export { rotateMasterKey, type MasterKeys } from './producer/rotate-master-key.js';
export type { ResealSummary, SealedCount } from './producer/subscriptions/sealed-values.js';
export { SIGNPOST_ENTITIES } from './producer/entities.js';

// What both sides agree on.
export type { CurrentResource, EventView, LiveEventView } from './protocol/event.js';
export type { Signal } from './protocol/signal.js';
export { SIGNPOST_VERSION } from './protocol/version.js';
