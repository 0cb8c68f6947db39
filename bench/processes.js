import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {{ pid: number, call: (command: string, input?: unknown) => Promise<any>, stop: () => Promise<void> }} Child */

/** Ends whatever still runs when this process goes, however it goes. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Registers a process of this run for the final sweep. */
export function track(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/**
 * Starts a module of this folder as a process of its own; it answers with `serveCommands`.
 * @param {string} module path relative to `bench/`
 * @param {unknown} settings handed to the child's `start`
 * @param {string[]} [execArgv]
 * @returns {Promise<Child & { started: any }>}
 */
export async function startChild(module, settings, execArgv = []) {
  const child = track(fork(fileURLToPath(new URL(module, import.meta.url)), { execArgv }));
  const pending = new Map();
  let last = 0;
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = pending.get(id);
    pending.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`${module}: ${error}`));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of pending.values()) reject(new Error(`${module} ended early (${signal ?? code})`));
  });
  const call = (command, input) =>
    new Promise((resolve, reject) => {
      pending.set(++last, { resolve, reject });
      child.send({ id: last, command, input });
    });
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.disconnect();
    });
  return { pid: child.pid, call, stop, started: await call('start', settings) };
}

/**
 * The child's side: answers commands until the parent goes away.
 * @param {Record<string, (input: any) => unknown>} commands
 */
export function serveCommands(commands) {
  process.on('message', async ({ id, command, input }) => {
    try {
      process.send({ id, result: await commands[command](input) });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
}

/** Of a second, in proc(5); Linux has as many on every platform that Node runs on. */
export const TICKS = 100;

/** CPU seconds that a process has used; undefined where the system does not tell. */
export function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    // Fields 14 and 15 of proc(5), in ticks.
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}
