/** The producer has no self-service API: it does not know the list of endpoints either. */
export class NoSelfServiceError extends Error {
  readonly code = 'no_self_service';

  constructor(options: ErrorOptions) {
    super('This producer has no self-service API', options);
    this.name = 'NoSelfServiceError';
  }
}
