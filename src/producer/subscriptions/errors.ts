/** What an operator can name by id. */
export type SubscriptionKind = 'receiver' | 'endpoint' | 'credential' | 'event type' | 'admin key';

/** There is nothing under this id. */
export class NotFoundError extends Error {
  readonly code = 'not_found';

  constructor(
    readonly kind: SubscriptionKind,
    readonly id: string,
  ) {
    super(`There is no ${kind} ${id}`);
    this.name = 'NotFoundError';
  }
}

/** The request is well-formed, but what is there does not admit it; the message says what to do instead. */
export class StateConflictError extends Error {
  readonly code = 'conflict';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StateConflictError';
  }
}

/** What signals are to authenticate with cannot be sent; the message says where and what would be right, never the value. */
export class InvalidAuthError extends Error {
  readonly code = 'invalid_auth';

  constructor(
    /** A JSON pointer into the endpoint. */
    readonly pointer: string,
    /** Goes on where the pointer's name ends. */
    readonly fault: string,
  ) {
    super(`${pointer} ${fault}`);
    this.name = 'InvalidAuthError';
  }
}

/** A signing secret that cannot be used; the message says what one looks like, never the value. */
export class InvalidSecretError extends Error {
  readonly code = 'invalid_secret';

  constructor(options?: ErrorOptions) {
    super(
      'A signing secret is "whsec_" and 24 to 64 random bytes in base64, such as: whsec_$(openssl rand -base64 32)',
      options,
    );
    this.name = 'InvalidSecretError';
  }
}
