import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventView } from '../protocol/event.js';
import type { Signal } from '../protocol/signal.js';
import { bodyOf, type FakeAnswer, problemAnswer, sendAnswer } from './fake-answer.js';
import { FeedFaults, type SignalFaults } from './fake-faults.js';
import { FakeFetchApi } from './fake-fetch-api.js';
import { FakeSelfService } from './fake-self-service.js';
import { cursorAt, type FakeCurrent, type FakeEventInput, FakeLog } from './fake-log.js';
import { type FakeEndpoint, FakeSignals, type SentSignal } from './fake-signals.js';

/** What a fake producer may be told; it needs nothing. */
export interface FakeProducerOptions {
  /** The key that it lets in. Default `sp_fake_key`. */
  apiKey?: string;
  /** Port of the loopback interface. Default: any free one. */
  port?: number;
  /** Unix milliseconds; tests own it. Default `Date.now`. */
  now?: () => number;
  /** `manual`: signals go out with `signal()` only. Default: with each `publish`. */
  signals?: 'with publish' | 'manual';
}

/** A request that came, without its credential. */
export interface SeenRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  /** Of the answer; null while there is none, and where it was cut off. */
  status: number | null;
}

/**
 * A producer for tests of receivers: a real HTTP server on the loopback interface with a log in memory, the fetch API, signed signals, and
 * faults on demand. It answers as the real one does, keeps nothing, and repeats nothing by itself.
 */
export class FakeProducer {
  readonly clientId = 'key_fake';
  readonly clientSecret = 'fake-client-secret';
  /** Faults of the fetch API's answers, for the next requests. */
  readonly feedFaults = new FeedFaults();
  /** Every request, in the order of arrival. */
  readonly requests: SeenRequest[] = [];
  private readonly log: FakeLog;
  private readonly api: FakeFetchApi;
  private readonly signals: FakeSignals;
  private readonly selfService: FakeSelfService;

  private constructor(
    private readonly server: Server,
    readonly apiKey: string,
    private readonly options: FakeProducerOptions,
  ) {
    const { now = Date.now } = options;
    this.log = new FakeLog(now);
    this.api = new FakeFetchApi(this.log);
    this.signals = new FakeSignals(this.log, now, options.signals === 'manual');
    this.selfService = new FakeSelfService(this.signals);
  }

  /** Resolves when it listens. */
  static async start(options: FakeProducerOptions = {}): Promise<FakeProducer> {
    const server = createServer();
    const producer = new FakeProducer(server, options.apiKey ?? 'sp_fake_key', options);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      producer.serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return producer;
  }

  /** Base URL of its fetch API. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Faults of signals on their way. */
  get signalFaults(): SignalFaults {
    return this.signals.faults;
  }

  /** Signals that were sent, with what they were answered. */
  get sentSignals(): readonly SentSignal[] {
    return this.signals.sent;
  }

  /** Endpoints, those that a receiver registered among them. */
  get endpoints(): FakeEndpoint[] {
    return [...this.signals.endpoints.values()];
  }

  /** Cursor up to which the receiver has acknowledged. */
  get acked(): string {
    return cursorAt(this.api.ackedThrough);
  }

  /** Whether the receiver has acknowledged all there is. */
  get allAcked(): boolean {
    return this.api.ackedThrough === this.log.head;
  }

  /** Events that the receiver acknowledged by id. */
  get ackedIds(): string[] {
    return [...this.api.acked];
  }

  /** Whether the credential may manage endpoints (scope `endpoints:write`). Default true. */
  set mayWriteEndpoints(may: boolean) {
    this.selfService.mayWriteEndpoints = may;
  }

  /** From now on new events are signalled to this URL. The endpoint's `secret` is what its signals are signed with. */
  signalTo(
    url: string,
    endpoint: Partial<Pick<FakeEndpoint, 'eventTypes' | 'secret' | 'description'>> = {},
  ): FakeEndpoint {
    return this.signals.addEndpoint(url, endpoint);
  }

  /** Puts an event at the end of the log, and signals it, unless signals are `manual`. Resolves when the receivers have answered. */
  async publish(event: FakeEventInput): Promise<EventView> {
    const [published] = await this.publishAll([event]);
    return published as EventView;
  }

  /** As `publish`, several events under one signal. */
  async publishAll(events: readonly FakeEventInput[]): Promise<EventView[]> {
    const published = events.map((event) => this.log.append(event));
    this.api.wake();
    if (this.options.signals !== 'manual') await this.signal();
    return published;
  }

  /** Signals what no signal has told of yet. */
  signal(): Promise<void> {
    return this.signals.send();
  }

  /** Sends the last signal once more: same id and body, signed anew. */
  repeatSignal(): Promise<void> {
    return this.signals.repeat();
  }

  /** Sends any signal to one endpoint, such as a verification challenge. */
  sendSignal(endpoint: FakeEndpoint, signal: Signal): Promise<void> {
    return this.signals.sendSignal(endpoint, signal);
  }

  /** The retention period of everything before this event is over: older cursors are answered 410 with the oldest good one. */
  expireBefore({ id }: Pick<EventView, 'id'>): void {
    this.log.expireBefore(id);
  }

  /** The payload is erased: 410, and out of the feed. */
  erase({ id }: Pick<EventView, 'id'>): void {
    this.log.erase(id);
  }

  /** What `view=current` answers of this event from now on; without it, that its type has no live view. */
  showCurrent({ id }: Pick<EventView, 'id'>, current: FakeCurrent): void {
    this.log.setCurrent(id, current);
  }

  /** Puts a type into the catalogue. */
  describeType(name: string, description: string | null = null): void {
    this.selfService.eventTypes.set(name, description);
  }

  /** Access tokens that were given out are refused from now on. */
  revokeTokens(): void {
    this.selfService.tokens.clear();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.api.wake();
    this.signals.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    const { method = 'GET', headers } = request;
    const query = Object.fromEntries(searchParams);
    const seen: SeenRequest = { method, path: pathname, query, status: null };
    this.requests.push(seen);
    const body = await bodyOf(request);
    const fault = pathname.startsWith('/v1/') ? this.feedFaults.take() : undefined;
    if (fault?.slowMs !== undefined) await pause(fault.slowMs, undefined, { ref: false });
    const answer =
      fault?.status === undefined
        ? await this.answer({ method, path: pathname, query: searchParams, headers, body })
        : failure(fault.status, fault.retryAfter);
    sendAnswer(response, answer, fault?.cut ?? false);
    if (!fault?.cut) seen.status = answer.status;
  }

  private async answer(request: Parameters<FakeFetchApi['answer']>[0]): Promise<FakeAnswer> {
    const { authorization = '' } = request.headers;
    if (request.method === 'POST' && request.path === '/oauth/token') {
      const known = `Basic ${Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64')}`;
      return authorization === known ? this.selfService.token() : { status: 401, body: { error: 'invalid_client' } };
    }
    const [, bearer = ''] = /^Bearer (.+)$/.exec(authorization) ?? [];
    if (bearer !== this.apiKey && !this.selfService.tokens.has(bearer)) {
      return problemAnswer('unauthorized', undefined, {}, { 'www-authenticate': 'Bearer realm="signpost"' });
    }
    return (await this.api.answer(request)) ?? (await this.selfService.answer(request)) ?? problemAnswer('not_found');
  }
}

function failure(status: number, retryAfter: number | undefined): FakeAnswer {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  const code = status === 429 ? 'rate_limited' : status === 503 ? 'unavailable' : 'internal';
  return { ...problemAnswer(code, undefined, {}, headers), status };
}
