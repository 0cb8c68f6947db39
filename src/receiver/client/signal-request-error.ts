/** What can be wrong with a request to the signal route apart from its signature. */
export type SignalRequestErrorCode =
  'method_not_allowed' | 'not_json' | 'encoded' | 'too_large' | 'too_slow' | 'cut_off' | 'body_already_parsed';

/** The request was refused before its signature was looked at. The message is a hint for the log; it holds nothing of the request. */
export class SignalRequestError extends Error {
  constructor(
    readonly code: SignalRequestErrorCode,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(hint, options);
    this.name = 'SignalRequestError';
  }
}
