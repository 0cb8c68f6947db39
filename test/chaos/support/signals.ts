import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { startSignalReceiver, type ReceivedSignal, type SignalReceiver } from '../../support/signal-receiver.js';

/** Receives signals, and keeps for each what the promises are about. */
export class Signals {
  /** Signing secrets by path of the endpoint's URL. */
  readonly secrets = new Map<string, string>();
  /** Set, it answers the next signal; then the default (202) is back. */
  private next: ((response: ServerResponse) => void) | undefined;

  private constructor(private readonly receiver: SignalReceiver) {
    receiver.answer = (_, response) => {
      const answer = this.next;
      this.next = undefined;
      if (answer) answer(response);
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
  holdNext(): Promise<() => void> {
    return new Promise((resolve) => {
      this.next = (response) => resolve(() => void response.writeHead(202).end());
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
    const bodies = new Map<string, string>();
    return this.all.flatMap(({ path, headers, body }) => {
      const id = String(headers['webhook-id']);
      const first = bodies.get(id) ?? body;
      bodies.set(id, first);
      try {
        new Webhook(this.secrets.get(path) ?? '').verify(body, headers as Record<string, string>);
      } catch (error) {
        return [`${id}: ${String(error)}`];
      }
      return first === body ? [] : [`${id} came with other bytes: ${first} and ${body}`];
    });
  }

  close(): Promise<void> {
    return this.receiver.close();
  }
}

export function listed(signal: ReceivedSignal): string[] {
  return signal.json.data.events.map(({ id }) => id);
}

export function timestampOf(signal: ReceivedSignal): number {
  return Number(signal.headers['webhook-timestamp']);
}
