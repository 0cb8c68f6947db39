/** What a producer says about an event. */
export interface EventInput {
  /** Full-stop-delimited identifiers of `[a-zA-Z0-9_]`, 128 characters at most, such as `invoice.paid`. */
  type: string;
  /** Whose data it is: 1 to 128 characters of `[A-Za-z0-9_.:-]`. Default `default`. */
  tenant?: string;
  /** What the event is about, such as the invoice's id: 512 characters at most. Never part of a signal. */
  subject?: string | null;
  /** When it happened. Default: now. */
  occurredAt?: Date | string;
  /** The payload: any JSON value. */
  data?: unknown;
  /** The payload as JSON text, instead of `data`; stored and served byte for byte. */
  dataText?: string;
  /** Publishing again under the same key writes nothing and answers with the first event. 1 to 255 visible ASCII characters. */
  idempotencyKey?: string;
  /** W3C trace context of the cause; sent on with the signal. */
  traceparent?: string;
}

export const DEFAULT_TENANT = 'default';
export const TENANT_PATTERN = /^[A-Za-z0-9_.:-]{1,128}$/;
export const SUBJECT_MAX_LENGTH = 512;
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;
// Version 00 of W3C Trace Context, section 3.2.2; the all-zero ids are invalid there.
export const TRACEPARENT_PATTERN = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** An event that cannot be published; says which member is at fault and what would be right. */
export class InvalidEventError extends Error {
  readonly code = 'invalid_event';

  constructor(
    /** JSON pointer into the event. */
    readonly pointer: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${pointer}: ${message}`, options);
    this.name = 'InvalidEventError';
  }
}
