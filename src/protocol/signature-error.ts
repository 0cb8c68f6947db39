/** Why a signature was not made or not accepted. */
export type SignatureErrorCode =
  | 'missing_header'
  | 'repeated_header'
  | 'bad_id'
  | 'bad_timestamp'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'replayed'
  | 'body_not_raw'
  | 'malformed_signature'
  | 'too_many_signatures'
  | 'no_matching_signature'
  | 'bad_secret';

/**
 * The message is a hint for the log of whoever runs the program; the sender of a bad request gets a bare 401. It never holds a
 * secret, an expected signature, or text from the request.
 */
export class SignatureError extends Error {
  constructor(
    readonly code: SignatureErrorCode,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(hint, options);
    this.name = 'SignatureError';
  }
}
