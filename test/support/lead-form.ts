import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../package/readme-project.js';

export interface RunningApp {
  url: string;
  kill(): Promise<void>;
}

/** Both applications, under one process. */
export interface RunningExample {
  site: string;
  crm: string;
  output(): string;
  /** Asks it to end; resolves with its exit code. */
  terminate(): Promise<number | null>;
}

const BUILT = 'build/examples/lead-form-to-crm';

/** The processes of examples/lead-form-to-crm, as built, on free ports and in a directory of their own. */
export class LeadFormExample {
  private readonly running = new Set<ChildProcess>();
  private both: RunningExample | undefined;

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

  /** The one command, once everything is built. */
  startBoth(): RunningExample {
    const child = spawn(process.execPath, [join(BUILT, 'start.js')], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (output += text.toString()));
    }
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    this.both = {
      site: `http://127.0.0.1:${this.ports.SITE_PORT}`,
      crm: `http://127.0.0.1:${this.ports.CRM_PORT}`,
      output: () => output,
      terminate: () => {
        child.kill('SIGTERM');
        return exited;
      },
    };
    return this.both;
  }

  async close(): Promise<void> {
    await this.both?.terminate();
    await Promise.all([...this.running].map(killed));
    await rm(this.directory, { recursive: true, force: true });
  }

  private get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'] ?? '', DATA: this.directory, ...this.ports };
  }

  private async start(script: string): Promise<RunningApp> {
    const child = fork(join(BUILT, script), {
      execArgv: [],
      env: this.environment,
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
