import { writeFileSync } from 'node:fs';
import { request } from 'undici';
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
    return startService({ database: `sqlite:${file}`, log: workspace.file('log.log'), profile: options.profile });
  }

  /** Filled once for all goals of a run. */
  async open() {
    if (this.#service) return this;
    this.#service = await this.#start();
    await this.#service.stop();
    process.stderr.write(`filling a log with ${this.options.logSize.toLocaleString('en')} events `);
    fillLog(this.file, this.options.logSize);
    this.#service = await this.#start();
    this.load = await startChild('load.js', {});
    return this;
  }

  get service() {
    return this.#service;
  }

  /** `Authorization` of a new receiver; one that is `caughtUp` has acknowledged the whole log. */
  async receiver({ caughtUp }) {
    const { admin, url } = this.#service;
    const receiver = await admin('POST', '/receivers', { tenant: TENANT, name: 'reader' });
    const { apiKey } = await admin('POST', `/receivers/${receiver.id}/credentials`, { name: 'bench' });
    const headers = { authorization: `Bearer ${apiKey}` };
    if (caughtUp) {
      const { body } = await request(`${url}/v1/events?after=now`, { headers });
      const { cursor } = await body.json();
      const acked = await request(`${url}/v1/events?limit=1&after=${encodeURIComponent(cursor)}`, { headers });
      await acked.body.dump();
    }
    return headers.authorization;
  }

  /** Names the paths that the load generator asks for from now on, from random places or each server in their order. */
  async ask(paths, { inOrder = false } = {}) {
    const file = this.workspace.file('paths.json');
    writeFileSync(file, JSON.stringify(paths));
    await this.load.call('paths', { file, inOrder });
  }

  /** A contender for `interleave`: a server under load from `connections` clients. */
  contender({ pid, port }, connections, authorization) {
    const { options } = this;
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
