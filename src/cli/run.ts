import { parseArgs } from 'node:util';
import { SIGNPOST_VERSION } from '../index.js';
import { UsageError, type Command, type CommandContext } from './command.js';
import { migrateCommand } from './migrate.js';
import { rotateMasterKeyCommand } from './rotate-master-key.js';
import { serveCommand } from './serve.js';

const COMMANDS: readonly Command[] = [serveCommand, migrateCommand, rotateMasterKeyCommand];

/**
 * Runs one command line, without the program's own name. Answers the exit code: 0 well, 1 not, 2 not understood; undefined when the process goes on.
 * Everything that goes wrong is one line, but for what nobody expected: that keeps its stack.
 */
export async function run(args: readonly string[], context: CommandContext): Promise<number | undefined> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    context.err(`signpost: ${lineOf(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch([name, ...rest]: readonly string[], context: CommandContext): Promise<number | undefined> {
  if (name === '--version') {
    context.out(SIGNPOST_VERSION);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    context.out(overview());
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) throw new UsageError(`There is no command "${name}"; signpost --help lists them`);
  if (!asksForHelp(command, rest)) return command.run(context);
  context.out(`Usage: signpost ${command.name}\n\n${command.description}`);
  return 0;
}

/** @throws UsageError for an option or an argument that the command does not know */
function asksForHelp({ name }: Command, args: readonly string[]): boolean {
  try {
    const { values } = parseArgs({ args: [...args], options: { help: { type: 'boolean', short: 'h' } } });
    return values.help === true;
  } catch (cause) {
    const [first] = (cause as Error).message.split('. ');
    throw new UsageError(`${first}; see signpost ${name} --help`, { cause });
  }
}

/** Faults of the surroundings carry a code and say in one line what they are. By shape: Node's own errors may be of another realm. */
function lineOf(error: unknown): string {
  const { code, message, stack } = (error ?? {}) as { code?: unknown; message?: string; stack?: string };
  return (typeof code === 'string' ? message : stack) ?? String(error);
}

function overview(): string {
  const widest = Math.max(...COMMANDS.map(({ name }) => name.length));
  const list = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(widest)}  ${summary}`).join('\n');
  return `Usage: signpost <command> [--help]\n\n${list}\n\nSettings come from the environment: see the README.`;
}
