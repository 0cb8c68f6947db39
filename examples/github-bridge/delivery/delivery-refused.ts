/** Why a delivery is not taken in, with the status of the answer. */
const STATUS = { bad_signature: 401, forbidden: 403, malformed: 400, unsupported_media_type: 415 } as const;

/**
 * A delivery that is not taken in. The message is for whoever looks into it, and never holds text of the request; whose signature or token is wrong is
 * told the status and nothing else.
 */
export class DeliveryRefusedError extends Error {
  readonly status: number;
  readonly isBare: boolean;

  constructor(
    readonly code: keyof typeof STATUS,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DeliveryRefusedError';
    this.status = STATUS[code];
    this.isBare = code === 'bad_signature' || code === 'forbidden';
  }
}
