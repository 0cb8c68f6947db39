// Reading events, with the receiver's own credential
export { SignpostClient, type CallOptions } from './signpost-client.js';
export type { ClientTuning, SignpostClientOptions } from './client-options.js';
export type { Auth } from './auth.js';
export type { FeedQuery, PageQuery } from './feed-query.js';
export type { FollowQuery } from './feed-pages.js';
export type { Sleep } from './retries.js';

// What comes back
export type { CurrentResource, EventView, LiveEventView } from '../../protocol/event.js';
export type { EventId, EndpointId } from '../../protocol/ids.js';
export type { Cursor } from '../../protocol/cursor.js';
export type { ProblemDetails, ProblemField } from '../../protocol/problem.js';
export type { BatchResult, EventTypeView, FeedPage, FeedPosition } from './answers.js';
export type { EventOf, EventOfType, OtherEvent } from './typed-event.js';

// Verifying signals by hand
export { verifySignal, type VerifiedSignal } from './verify-signal.js';
export { verifyHubSignature, type HubAlgorithm, type HubSecret } from '../../protocol/hub-signature.js';
export {
  verifyMessageSignature,
  type Ed25519Jwk,
  type MessageVerificationKey,
  type SignedMessage,
  type VerifiedMessage,
} from '../../protocol/verify-message.js';
export type { VerifyOptions } from '../../protocol/verify.js';
export type { SignatureHeaders } from '../../protocol/signature-headers.js';
export { prepareSecret, type PreparedSecret, type Secret } from '../../protocol/secrets.js';
export type {
  EndpointDisabled,
  EndpointEnabled,
  EndpointTest,
  EndpointVerification,
  EventsAvailable,
  Signal,
  SignalType,
} from '../../protocol/signal.js';

// Answering signals: adapters, and the core for any other framework
export { nodeSignalHandler, type SignalHandlerOptions } from './signal-handler.js';
export { expressSignalHandler, type ExpressRequestLike } from './express-signal-handler.js';
export { fastifySignals, type FastifyLike, type FastifySignalsOptions } from './fastify-signals.js';
export {
  createSignalAcceptor,
  LARGEST_SIGNAL,
  type SignalAcceptor,
  type SignalAcceptorOptions,
  type SignalAnswer,
  type SignalRefusal,
  type SignalRequest,
  type SignalVerdict,
} from './signal-acceptor.js';

// What goes wrong with a signal
export { SignatureError, type SignatureErrorCode } from '../../protocol/signature-error.js';
export { InvalidSignalError, type InvalidSignalReason } from '../../protocol/signal.js';
export { SignalRequestError, type SignalRequestErrorCode } from './signal-request-error.js';

// What goes wrong with a call
export * from './errors.js';

// Looking after one's own endpoints
export type {
  EndpointChange,
  EndpointsApi,
  EndpointSettings,
  EndpointView,
  NewEndpoint,
  NewEndpointView,
  SignalAttempt,
  TestResult,
} from './endpoints-api.js';
