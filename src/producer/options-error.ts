/** A setting of `SignpostModule` that it cannot run with; says which one and what would be right. */
export class SignpostOptionsError extends Error {
  readonly code = 'bad_options';

  constructor(option: string, fix: string, options?: ErrorOptions) {
    super(`SignpostModule: ${option} ${fix}`, options);
    this.name = 'SignpostOptionsError';
  }
}
