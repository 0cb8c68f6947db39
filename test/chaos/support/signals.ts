import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { startSignalReceiver, type ReceivedSignal, type SignalReceiver } from '../../support/signal-receiver.js';

/** Receives signals, and keeps for each what the promises are about. */
export class Signals {
  /** Signing secrets by path of the endpoint's URL. */
  readonly secrets = new Map<string, string>();
  /** Set, it answers the next signal; then the default (202) is back. */
  private next: ((signal: ReceivedSignal, response: ServerResponse) => void) | undefined;
  /** What was wrong with signals when they arrived. */
  private readonly wrong: string[] = [];
  private readonly bodies = new Map<string, string>();
  private readonly inFlight = new Set<string>();
  /** Paths at which a signal arrived while another one had no answer yet. */
  readonly overlaps: string[] = [];

  private constructor(private readonly receiver: SignalReceiver) {
    receiver.answer = (signal, response) => {
      this.examine(signal, response);
      const answer = this.next;
      this.next = undefined;
      if (answer) answer(signal, response);
      else response.writeHead(202).end();
    };
  }

  static async listen(): Promise<Signals> {
    return new Signals(await startSignalReceiver());
  }

  get url(): string {
    return this.receiver.url;
  }

  get all(): readonly ReceivedSignal[] {
    return this.receiver.signals;
  }

  /** The next signal is received and not answered; resolves with what answers it. */
  async holdNext(): Promise<() => void> {
    return (await this.held()).answer;
  }

  /** As `holdNext`, and with the signal. */
  held(): Promise<{ signal: ReceivedSignal; answer: () => void }> {
    return new Promise((resolve) => {
      this.next = (signal, response) => resolve({ signal, answer: () => void response.writeHead(202).end() });
    });
  }

  withId(id: string | undefined): ReceivedSignal[] {
    return this.all.filter(({ headers }) => headers['webhook-id'] === id);
  }

  /** Ids of all events that were signalled to an endpoint. */
  eventsAt(path: string): Set<string> {
    return new Set(this.all.flatMap((signal) => (signal.path === path ? listed(signal) : [])));
  }

  /** What is wrong with the signals themselves: signatures, and repeats that differ from the first. */
  faults(): string[] {
    return this.wrong;
  }

  close(): Promise<void> {
    return this.receiver.close();
  }

  /** As it arrives: a signature is of its time. */
  private examine({ path, headers, body }: ReceivedSignal, response: ServerResponse): void {
    if (this.inFlight.has(path)) this.overlaps.push(path);
    this.inFlight.add(path);
    response.on('close', () => this.inFlight.delete(path));
    const id = String(headers['webhook-id']);
    const first = this.bodies.get(id) ?? body;
    this.bodies.set(id, first);
    if (first !== body) this.wrong.push(`${id} came with other bytes: ${first} and ${body}`);
    try {
      new Webhook(this.secrets.get(path) ?? '').verify(body, headers as Record<string, string>);
    } catch (error) {
      this.wrong.push(`${id}: ${String(error)}`);
    }
  }
}

export function listed(signal: ReceivedSignal): string[] {
  return signal.json.data.events.map(({ id }) => id);
}

export function timestampOf(signal: ReceivedSignal): number {
  return Number(signal.headers['webhook-timestamp']);
}
