import { type EndpointId, type EventId, IdGenerator } from '../protocol/ids.js';
import { generateSecret } from '../protocol/secrets.js';
import { matchesEventType } from '../protocol/event-type.js';
import type { EventView } from '../protocol/event.js';
import type { Signal } from '../protocol/signal.js';
import { SignalFaults } from './fake-faults.js';
import { cursorAt, type FakeLog } from './fake-log.js';
import { signTestSignal, type TestSignal } from './test-signal.js';

/** Where the fake producer signals. */
export interface FakeEndpoint {
  id: EndpointId;
  url: string;
  eventTypes: string[];
  description: string | null;
  secret: string;
}

/** A signal that was sent, once for each time. */
export interface SentSignal {
  id: string;
  endpoint: EndpointId;
  events: EventId[];
  /** Of the receiver's answer; null: there was none. */
  status: number | null;
}

const ANSWER_WITHIN_MS = 5_000;

/** Signs and sends the fake producer's signals: one for each call and endpoint, and no retries by itself. */
export class FakeSignals {
  readonly faults = new SignalFaults();
  readonly sent: SentSignal[] = [];
  readonly endpoints = new Map<EndpointId, FakeEndpoint>();
  private readonly ids: IdGenerator;
  private readonly signalled = new Map<EndpointId, number>();
  private last: (() => Promise<void>) | undefined;

  constructor(
    private readonly log: FakeLog,
    private readonly now: () => number,
  ) {
    this.ids = new IdGenerator(now);
  }

  addEndpoint(url: string, over: Partial<Omit<FakeEndpoint, 'id' | 'url'>> = {}): FakeEndpoint {
    const id = this.ids.next('ep');
    const endpoint = { id, url, eventTypes: ['*'], description: null, secret: generateSecret(), ...over };
    this.endpoints.set(id, endpoint);
    this.signalled.set(id, this.log.head);
    return endpoint;
  }

  /** Signals what is new to every endpoint that wants it. Resolves when all have answered or were given up. */
  async send(): Promise<void> {
    await Promise.all([...this.endpoints.values()].map((endpoint) => this.sendTo(endpoint)));
  }

  /** The last signal once more, as a producer does that got no answer: same id and body, signed anew. */
  async repeat(): Promise<void> {
    await this.last?.();
  }

  /** Any signal, to one endpoint. */
  async sendSignal(endpoint: FakeEndpoint, signal: Signal, events: readonly EventView[] = []): Promise<void> {
    const id = this.ids.next('sig');
    let signedAt = 0;
    const attempt = async () => {
      // By its present secret, as after a rotation.
      const { url, secret } = this.endpoints.get(endpoint.id) ?? endpoint;
      // Seconds pass between two attempts of a real producer; one of the same second would be an exact copy.
      signedAt = Math.max(this.now(), signedAt + 1_000);
      const status = await post(url, signTestSignal(signal, { secret, id, now: () => signedAt }));
      this.sent.push({ id, endpoint: endpoint.id, events: events.map((event) => event.id), status });
    };
    this.last = attempt;
    await this.faults.pass(attempt);
  }

  private async sendTo(endpoint: FakeEndpoint): Promise<void> {
    const after = this.signalled.get(endpoint.id) ?? 0;
    const { events, through, more } = this.log.page(after, 250, ['*']);
    this.signalled.set(endpoint.id, through);
    const wanted = events.filter((event) => matchesEventType(endpoint.eventTypes, event.type));
    if (wanted.length === 0) return;
    const signal: Signal = {
      type: 'events.available',
      timestamp: new Date(this.now()).toISOString(),
      data: {
        endpoint: endpoint.id,
        events: wanted.map(({ id, type }) => ({ id, type })),
        after: cursorAt(after),
        cursor: cursorAt(through),
        more,
      },
    };
    await this.sendSignal(endpoint, signal, wanted);
  }
}

async function post(url: string, { headers, body }: TestSignal): Promise<number | null> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    // Nobody listens, or not in time: a signal may get lost, and nothing with it.
    return null;
  }
}
