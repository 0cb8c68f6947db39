/** What is wrong with a target: the first five with the text, the others with where it leads. */
export type TargetRefusalReason =
  | 'too_long'
  | 'raw_form'
  | 'unparseable'
  | 'userinfo'
  | 'fragment'
  | 'scheme'
  | 'host_syntax'
  | 'special_name'
  | 'port'
  | 'address';

/**
 * The URL is none that may be signalled. The message names the fix and never a resolved address: it is shown to whoever
 * registers the endpoint, who must not learn what the inside of our network looks like.
 */
export class TargetRefusedError extends Error {
  readonly code = 'target_refused';

  constructor(
    readonly reason: TargetRefusalReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TargetRefusedError';
  }
}
