import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type EndpointId, type EventId, IdGenerator } from '../protocol/ids.js';
import { generateSecret } from '../protocol/secrets.js';
import { matchesEventType } from '../protocol/event-type.js';
import type { EventView } from '../protocol/event.js';
import type { Signal } from '../protocol/signal.js';
import { jsonObject } from './fake-answer.js';
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
  /** `pending`: it gets nothing but challenges, until it has repeated one. */
  state: 'pending' | 'active';
  /** Unix milliseconds. */
  createdAt: number;
}

/** A signal that was sent, once for each time. */
export interface SentSignal {
  id: string;
  type: Signal['type'];
  endpoint: EndpointId;
  events: EventId[];
  /** Of the receiver's answer; null: there was none. */
  status: number | null;
  /** Why it failed, as the real producer says it; null: it did not. */
  category: string | null;
  /** Unix milliseconds. */
  at: number;
}

const ANSWER_WITHIN_MS = 5_000;
const CHALLENGE_AGAIN_MS = 50;

/** Signs and sends the fake producer's signals: one for each call and endpoint, and no retries by itself. */
export class FakeSignals {
  readonly faults = new SignalFaults();
  readonly sent: SentSignal[] = [];
  readonly endpoints = new Map<EndpointId, FakeEndpoint>();
  private readonly ids: IdGenerator;
  private readonly signalled = new Map<EndpointId, number>();
  private readonly closing = new AbortController();
  private last: (() => Promise<void>) | undefined;

  /** @param manual events are signalled when `send` is called, and only then */
  constructor(
    private readonly log: FakeLog,
    private readonly now: () => number,
    private readonly manual: boolean,
  ) {
    this.ids = new IdGenerator(now);
  }

  addEndpoint(url: string, over: Partial<Omit<FakeEndpoint, 'id' | 'url'>> = {}): FakeEndpoint {
    const id = this.ids.next('ep');
    const endpoint: FakeEndpoint = {
      id,
      url,
      eventTypes: ['*'],
      description: null,
      secret: generateSecret(),
      state: 'active',
      createdAt: this.now(),
      ...over,
    };
    this.endpoints.set(id, endpoint);
    this.signalled.set(id, this.log.head);
    return endpoint;
  }

  /** Signals what is new to every endpoint that wants it. Resolves when all have answered or were given up. */
  async send(): Promise<void> {
    const active = [...this.endpoints.values()].filter(({ state }) => state === 'active');
    await Promise.all(active.map((endpoint) => this.sendTo(endpoint)));
  }

  /** Sends challenges to a pending endpoint until one is repeated; then what was published since it was made. */
  async verify(endpoint: FakeEndpoint): Promise<void> {
    const { signal } = this.closing;
    const { url } = endpoint;
    // Another loop asks for another address.
    const isWanted = () => this.endpoints.has(endpoint.id) && endpoint.state === 'pending' && endpoint.url === url;
    while (isWanted() && !signal.aborted) {
      if (await this.isEchoed(endpoint)) {
        if (!isWanted()) return;
        endpoint.state = 'active';
        if (!this.manual) await this.sendTo(endpoint);
        return;
      }
      await setTimeout(CHALLENGE_AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Ends what goes on by itself. */
  close(): void {
    this.closing.abort();
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
      const { status } = await post(url, signTestSignal(signal, { secret, id, now: () => signedAt }));
      const about = { id, type: signal.type, endpoint: endpoint.id, events: events.map((event) => event.id) };
      this.sent.push({ ...about, status, category: categoryOf(status), at: this.now() });
    };
    this.last = attempt;
    await this.faults.pass(attempt);
  }

  /** One test signal; answers what became of it. */
  async sendTest(endpoint: FakeEndpoint): Promise<SentSignal> {
    const timestamp = new Date(this.now()).toISOString();
    await this.sendSignal(endpoint, { type: 'endpoint.test', timestamp, data: { endpoint: endpoint.id } });
    const sent = this.sent.findLast(({ type, endpoint: id }) => type === 'endpoint.test' && id === endpoint.id);
    if (!sent) throw new Error('The test signal was lost on its way, as the test asked for');
    return sent;
  }

  private async isEchoed({ id: endpoint, url, secret }: FakeEndpoint): Promise<boolean> {
    const id = this.ids.next('sig');
    const type = 'endpoint.verification';
    const challenge = randomBytes(24).toString('base64url');
    const signal: Signal = { type, timestamp: new Date(this.now()).toISOString(), data: { endpoint, challenge } };
    const { status, json } = await post(url, signTestSignal(signal, { secret, id, now: this.now }));
    const isRight = jsonObject(json)?.['challenge'] === challenge;
    const category = categoryOf(status) ?? (isRight ? null : 'challenge_failed');
    this.sent.push({ id, type, endpoint, events: [], status, category, at: this.now() });
    return category === null;
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

function categoryOf(status: number | null): string | null {
  if (status === null) return 'connect_refused';
  if (status < 300) return null;
  if (status === 410) return 'http_gone';
  return status < 400 ? 'http_redirect' : status < 500 ? 'http_client_error' : 'http_server_error';
}

/** `json`: the body of an answer in JSON; empty for any other. */
async function post(url: string, { headers, body }: TestSignal): Promise<{ status: number | null; json: string }> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    const text = await answer.text();
    const isJson = /^application\/json[ \t]*(?:;|$)/i.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, json: isJson ? text : '' };
  } catch {
    // Nobody listens, or not in time: a signal may get lost, and nothing with it.
    return { status: null, json: '' };
  }
}
