/** Starts both applications, and ends them together. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const { SITE_PORT = '3100', CRM_PORT = '3200' } = process.env;
const running: ChildProcess[] = [];
let stopping = false;

function stop(code = 0): void {
  if (stopping) return;
  stopping = true;
  for (const child of running) child.kill('SIGTERM');
  process.exitCode = code;
}

/** Resolves with the application's address once it listens. */
function start(name: string, script: string): Promise<string> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
    env: { ...process.env, SITE_PORT, CRM_PORT },
    // The terminal sends Ctrl-C to everybody; they end when this process says so, in order.
    detached: true,
  });
  running.push(child);
  return new Promise((resolve) => {
    child.once('message', ({ url }: { url: string }) => {
      resolve(url);
      child.disconnect();
    });
    child.once('exit', (code, signal) => {
      if (!stopping) console.error(`${name} has ended (${signal ?? code})`);
      stop(1);
    });
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());

const site = await start('The site', './site/main.js');
const crm = await start('The CRM', './crm/main.js');
console.log(`
  The lead form:  ${site}
  The CRM:        ${crm}

  Open both, send the form, and watch the contact appear. Ctrl-C ends both.
`);
