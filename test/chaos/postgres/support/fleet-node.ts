import { Child } from '../../support/child.js';
import { request, type Reply, type RequestContent } from '../../support/request.js';

export interface NodeSettings {
  /** Of the database. */
  url: string;
  /** Where it listens, if elsewhere. */
  listenUrl?: string;
  /** Connections of the engine. */
  poolSize?: number;
  /** Connections of the application. */
  hostPoolSize?: number;
  /** `false`: it publishes and answers only. */
  dispatch: { signalTimeoutMs: number; leaseMs: number; pollIntervalMs: number } | false;
  /** How much later than it is the node believes that it is. */
  clockOffMs: number;
}

export interface WorkDone {
  sent: number;
  lostLeases: number;
}

export const LEASE_MS = 4_000;
export const POLL_INTERVAL_MS = 1_000;

/** Takes over soon, for tests in which nodes go missing. */
export const IMPATIENT = { signalTimeoutMs: 1_000, leaseMs: LEASE_MS, pollIntervalMs: POLL_INTERVAL_MS };
/** Where nothing goes wrong, a receiver that is slow because the machine is busy is not given up. */
export const PATIENT = { signalTimeoutMs: 15_000, leaseMs: 60_000, pollIntervalMs: POLL_INTERVAL_MS };

/** One node of an installation, which dies and comes back as another process. */
export class FleetNode {
  private child: Child | undefined;
  private url: string | undefined;
  private served: string | undefined;

  constructor(
    private readonly settings: NodeSettings,
    private readonly optimized: boolean,
  ) {}

  get serves(): boolean {
    return this.url !== undefined;
  }

  /** How it begins its name in leases. */
  get ownerPrefix(): string {
    return `${this.child?.pid}.`;
  }

  get output(): string {
    return this.child?.output ?? '';
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const child = await this.launch();
    this.served = (await child.told('url')) as string;
    this.url = this.served;
    void child.end.then(() => {
      if (this.child === child) this.url = undefined;
    });
  }

  /** Starts it, and resolves with the code of the error with which it refuses to. */
  async startRefused(): Promise<unknown> {
    return (await this.launch()).told('refused');
  }

  async kill(): Promise<void> {
    this.url = undefined;
    await this.child?.kill();
  }

  /** It does nothing any more, and nobody is told. */
  freeze(): void {
    this.url = undefined;
    this.child?.freeze();
  }

  thaw(): void {
    this.child?.thaw();
    this.url = this.served;
  }

  async report(): Promise<WorkDone> {
    this.child?.send({ report: true });
    return (await this.child?.told('report')) as WorkDone;
  }

  async request(method: string, path: string, content: RequestContent): Promise<Reply | undefined> {
    return this.url === undefined ? undefined : request(this.url, method, path, content);
  }

  private async launch(): Promise<Child> {
    const child = new Child('postgres/node-process.js', { optimized: this.optimized });
    this.child = child;
    await child.told('loaded');
    child.send({ start: this.settings });
    return child;
  }
}
