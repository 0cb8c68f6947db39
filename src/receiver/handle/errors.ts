/** Thrown by a handler: trying again cannot help. The event is parked at once. */
export class NonRetryableEventError extends Error {
  readonly code = 'non_retryable_event';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NonRetryableEventError';
  }
}

/** Another worker has taken the event over meanwhile; what this one wrote is rolled back. */
export class ClaimLostError extends Error {
  readonly code = 'claim_lost';

  constructor() {
    super('Another worker has taken the event over; this attempt is rolled back');
    this.name = 'ClaimLostError';
  }
}

/** The handlers of the application do not fit together; stops the start and says what to change. */
export class HandlerSetupError extends Error {
  readonly code = 'handler_setup';

  constructor(message: string) {
    super(message);
    this.name = 'HandlerSetupError';
  }
}
