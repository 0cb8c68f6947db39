import { writeFileSync } from 'node:fs';
import { startChild } from './processes.js';
import { fillLog, TENANT } from './sample-log.js';
import { startService } from './service.js';

/** What goals 7 and 8 share: a service on a large log, a receiver's key to it, and a load generator. */
export class LargeLog {
  #service;

  constructor({ workspace, options }) {
    this.workspace = workspace;
    this.options = options;
    this.file = workspace.file('log.db');
  }

  async #start() {
    const { workspace, options, file } = this;
    return startService({ database: file, log: workspace.file('log.log'), profile: options.profile });
  }

  /** Filled once for all goals of a run. */
  async open() {
    if (this.#service) return this;
    this.#service = await this.#start();
    const receiver = await this.#service.admin('POST', '/receivers', { tenant: TENANT, name: 'reader' });
    const credential = await this.#service.admin('POST', `/receivers/${receiver.id}/credentials`, { name: 'bench' });
    await this.#service.stop();
    process.stderr.write(`filling a log with ${this.options.logSize.toLocaleString('en')} events `);
    fillLog(this.file, this.options.logSize);
    this.#service = await this.#start();
    this.authorization = `Bearer ${credential.apiKey}`;
    this.load = await startChild('load.js', {});
    return this;
  }

  get service() {
    return this.#service;
  }

  /** Names the paths that the load generator asks for from now on. */
  async ask(paths) {
    const file = this.workspace.file('paths.json');
    writeFileSync(file, JSON.stringify(paths));
    await this.load.call('paths', file);
  }

  /** A contender for `interleave`: a server under load from `connections` clients. */
  contender({ pid, port }, connections) {
    const { authorization, options } = this;
    return {
      pid,
      run: async () => {
        const result = await this.load.call('run', { port, connections, seconds: options.seconds, authorization });
        // If the load generator is the bottleneck, all servers look alike.
        if (result.cpuSeconds > 0.95 * options.seconds) process.stderr.write('(load generator saturated) ');
        return result;
      },
    };
  }

  async close() {
    await Promise.all([this.#service?.stop(), this.load?.stop()]);
  }
}
