import { spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Processes that run now; whatever happens to the demo, none may outlive it. */
const running = new Set();

/** A program that can be killed and started again. */
export class Child {
  #process;

  /**
   * @param {object} settings
   * @param {string} settings.name
   * @param {string} settings.script path of the program
   * @param {Record<string, string>} settings.env
   * @param {string} settings.logFile where its output goes
   * @param {(line: string) => void} [settings.onLine] gets the lines of stdout instead of the file
   * @param {(error: Error) => void} settings.onCrash it ended without being killed by us
   */
  constructor(settings) {
    this.settings = settings;
  }

  start() {
    const { name, script, env, logFile, onLine, onCrash } = this.settings;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [script], {
      // Only what the program is told here: the environment of whoever runs the demo must not change what it shows.
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'development', NO_COLOR: '1', ...env },
      stdio: ['ignore', onLine ? 'pipe' : log, log],
      // In a group of its own, or Ctrl-C would reach it as well and its end would look like a crash.
      detached: true,
    });
    closeSync(log);
    if (onLine && child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
    running.add(child);
    child.on('error', onCrash);
    child.on('exit', (code, signal) => {
      running.delete(child);
      if (this.#process !== child) return;
      this.#process = undefined;
      onCrash(new Error(`The ${name} ended by itself (${signal ?? `exit code ${code}`}):\n${tail(logFile)}`));
    });
    this.#process = child;
  }

  /** Ends it without any warning, as a power failure or the kernel would; resolves when it is gone. */
  async kill() {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

/** For the way out: kills what is left. */
export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** @param {string} file */
function tail(file) {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n').trim();
}
