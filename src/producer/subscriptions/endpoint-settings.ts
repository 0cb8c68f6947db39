/** What counts as delivered: the payload was fetched, the receiver said it stored it, or the signal was acknowledged. */
export const CONFIRM_MODES = ['fetch', 'ack', 'signal'] as const;
export type ConfirmMode = (typeof CONFIRM_MODES)[number];

/** `pending` waits for the proof of ownership of its URL. Only `active` endpoints are signalled. */
export const ENDPOINT_STATES = ['active', 'pending', 'paused', 'disabled'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** Why an endpoint is not active: paused by the operator, answered 410, failed for too long, or its URL was not proved in time. */
export const ENDPOINT_REASONS = ['paused', 'gone', 'failing', 'unverified'] as const;
export type EndpointReason = (typeof ENDPOINT_REASONS)[number];

/** Endpoints that a receiver may make for itself. */
export const DEFAULT_MAX_PER_RECEIVER = 50;
/** A day: time to bring the receiver out, and little enough that a mistyped URL is not asked for ever. */
export const DEFAULT_VERIFY_WITHIN_MS = 86_400_000;

export { SIGNATURE_SCHEMES, type SignatureScheme } from '../../protocol/signature-schemes.js';

export const DEFAULT_MAX_EVENTS_PER_SIGNAL = 100;
export const LARGEST_MAX_EVENTS_PER_SIGNAL = 250;
/** A day: a longer pause between signals is an endpoint that should be paused. */
export const LARGEST_MIN_INTERVAL_MS = 86_400_000;
