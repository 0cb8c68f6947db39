import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from './until.js';

const MAIN = resolve('dist/main.js');
/** A process takes its time to load where others use the machine. */
const LISTENS_WITHIN_MS = 60_000;
export const SERVICE_ADMIN_KEY = 'test-admin-key';

/** The built service as a process. */
export interface Service {
  child: ChildProcess;
  /** What it has written. */
  output(): string;
  url: string;
  /** Its exit code. */
  exit: Promise<number | null>;
  /** A request to the admin API of a service that was given `SERVICE_ADMIN_KEY`; the answer's body is parsed. */
  admin<T = Record<string, string>>(path: string, body?: unknown): Promise<T>;
}

/** Services of one test: they share a working directory, which goes with them. */
export class Services {
  private readonly services: Service[] = [];

  private constructor(readonly directory: string) {}

  static async create(): Promise<Services> {
    return new Services(await mkdtemp(join(tmpdir(), 'signpost-service-')));
  }

  /** Starts one that may as well end. */
  run(env: Record<string, string> = {}): Service {
    const child = spawn(process.execPath, [MAIN], {
      cwd: this.directory,
      env: { PATH: process.env.PATH, PORT: '0', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const service: Service = {
      child,
      output: () => output,
      url: '',
      exit: new Promise((done) => child.once('close', (code) => done(code))),
      admin: async <T>(path: string, body?: unknown) => {
        const headers = { authorization: `Bearer ${SERVICE_ADMIN_KEY}`, 'content-type': 'application/json' };
        const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
        return (await (await fetch(`${service.url}/admin/v1${path}`, request)).json()) as T;
      },
    };
    this.services.push(service);
    return service;
  }

  /** Resolves when it listens. */
  async start(env: Record<string, string> = {}): Promise<Service> {
    return this.listening(this.run(env));
  }

  async listening(service: Service): Promise<Service> {
    service.url = await until(
      () => {
        if (service.child.exitCode !== null) throw new Error(`it ended: ${service.output()}`);
        return /Listening on (http:\/\/[^\s"]+)/.exec(service.output())?.[1];
      },
      'the service to listen',
      LISTENS_WITHIN_MS,
    );
    return service;
  }

  async end(): Promise<void> {
    for (const { child, exit } of this.services) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
