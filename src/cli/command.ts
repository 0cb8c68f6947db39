/** Where a command writes, and what it is told by its surroundings. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  out(text: string): void;
  err(text: string): void;
}

/** One word behind `signpost`. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What `--help` shows below the usage line. */
  readonly description: string;
  /** Resolves with the exit code, or with undefined: the command goes on in the background and ends the process itself. Rejects with what stands in the way. */
  run(context: CommandContext): Promise<number | undefined>;
}

/** Nobody can tell what was meant. Exit code 2. */
export class UsageError extends Error {
  readonly code = 'usage';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}
