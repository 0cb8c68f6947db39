import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Message = Record<string, unknown>;

const living = new Set<Child>();

/** A process of its own, to be killed without warning. Whatever it sends is kept until somebody asks for it. */
export class Child {
  /** Everything it wrote, for the message of a failure. */
  output = '';
  private readonly inbox: Message[] = [];
  private readonly waiting: { member: string; resolve(value: unknown): void; reject(error: Error): void }[] = [];
  private readonly process: ChildProcess;
  private ended: string | undefined;
  /** Resolves with the name of the signal that ended it. */
  readonly end: Promise<string>;

  /** `optimized`: for a life that is long enough for an optimizing compiler to pay. */
  constructor(
    private readonly script: string,
    { optimized = false } = {},
  ) {
    if (!existsSync(fileURLToPath(new URL('../../../dist/index.js', import.meta.url)))) {
      throw new Error('The chaos tests kill the built package: run `npm run build` first');
    }
    this.process = fork(fileURLToPath(new URL(`../${script}`, import.meta.url)), {
      // The test runner's flags are not for the processes under test. Most lives are too short for an optimizing compiler, and threads
      // of its own would take the cores from the others.
      execArgv: optimized ? [] : ['--no-opt', '--single-threaded'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    living.add(this);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.process.on('message', (message) => this.arrived(message as Message));
    this.end = new Promise((resolve) => {
      this.process.on('exit', (code, signal) => {
        this.ended = signal ?? `exit code ${code}`;
        living.delete(this);
        for (const { reject, member } of this.waiting.splice(0)) reject(this.gone(member));
        resolve(this.ended);
      });
    });
  }

  get isAlive(): boolean {
    return this.ended === undefined;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  send(message: Message): void {
    // A process that is being killed takes no messages, and its end is told elsewhere.
    this.process.send(message, () => undefined);
  }

  /** The next message that has this member, which is its value; rejects if the process ends before. */
  async told(member: string): Promise<unknown> {
    const index = this.inbox.findIndex((message) => member in message);
    if (index >= 0) return this.inbox.splice(index, 1)[0]?.[member];
    if (!this.isAlive) throw this.gone(member);
    return new Promise((resolve, reject) => this.waiting.push({ member, resolve, reject }));
  }

  /** Goes on after it was stopped. */
  resume(): void {
    this.process.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    this.process.kill('SIGKILL');
    await this.end;
  }

  /** Stops it where it is, as a machine does that is suspended or starved. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
  }

  private arrived(message: Message): void {
    const index = this.waiting.findIndex(({ member }) => member in message);
    const [waiter] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (waiter) waiter.resolve(message[waiter.member]);
    else this.inbox.push(message);
  }

  private gone(member: string): Error {
    return new Error(`${this.script} ended (${this.ended}) before it told "${member}":\n${this.output.slice(-2_000)}`);
  }
}

/** For `afterAll`: whatever a failed test left behind. */
export async function killAllChildren(): Promise<void> {
  await Promise.all([...living].map((child) => child.kill()));
}
