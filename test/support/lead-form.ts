import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../package/readme-project.js';

export interface RunningApp {
  url: string;
  kill(): Promise<void>;
}

/** The processes of examples/lead-form-to-crm, as built, on free ports and in a directory of their own. */
export class LeadFormExample {
  private readonly running = new Set<ChildProcess>();

  private constructor(
    private readonly directory: string,
    private readonly ports: { SITE_PORT: string; CRM_PORT: string },
  ) {}

  static async create(): Promise<LeadFormExample> {
    const ports = { SITE_PORT: String(await freePort()), CRM_PORT: String(await freePort()) };
    return new LeadFormExample(await mkdtemp(join(tmpdir(), 'signpost-lead-form-')), ports);
  }

  startSite = (): Promise<RunningApp> => this.start('site/main.js');
  startCrm = (): Promise<RunningApp> => this.start('crm/main.js');

  async close(): Promise<void> {
    await Promise.all([...this.running].map(killed));
    await rm(this.directory, { recursive: true, force: true });
  }

  private async start(script: string): Promise<RunningApp> {
    const child = fork(join('build/examples/lead-form-to-crm', script), {
      execArgv: [],
      env: { PATH: process.env['PATH'] ?? '', DATA: this.directory, ...this.ports },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.running.add(child);
    let errors = '';
    child.stderr?.on('data', (text: Buffer) => (errors += text.toString()));
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve((message as { url: string }).url));
      child.once('exit', () => reject(new Error(`${script} ended early:\n${errors}`)));
    });
    return {
      url,
      kill: async () => {
        await killed(child);
        this.running.delete(child);
      },
    };
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
