/** A variable of the environment has a value that the service cannot run with. One line: the name, the fault, the fix. */
export class EnvironmentError extends Error {
  readonly code = 'bad_environment';

  constructor(name: string, fix: string) {
    super(`${name}: ${fix}`);
    this.name = 'EnvironmentError';
  }
}
