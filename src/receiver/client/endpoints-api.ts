import { isId, type EndpointId } from '../../protocol/ids.js';
import { isRecord, isText, type ListPage, readListPage } from './answers.js';
import type { ApiCall, ApiCalls } from './api-calls.js';
import { InvalidArgumentError } from './errors.js';
import { listAll } from './list-pages.js';

/** What can be set of an endpoint, and changed later. What is left out has the producer's default, or stays as it is. */
export interface EndpointSettings {
  description?: string | null;
  /** Event ids in one signal, 1 to 250. Default 100. */
  maxEventsPerSignal?: number;
  /** Least time between two signals, in ms. Default 0. */
  minInterval?: number;
  /** What counts as delivered. Default the producer's, as a rule `fetch`. */
  confirm?: 'fetch' | 'ack' | 'signal';
  /** How signals are signed. This package's receivers verify `standard`, which is the default, and `standard+ed25519`. */
  signature?: 'standard' | 'standard+ed25519' | 'github' | 'facebook' | 'rfc9421' | 'rfc9421+ed25519';
  /** What the receiver asks its callers for beside the signature; null: nothing. Default null. */
  auth?:
    | { basic: { username: string; password: string } }
    | { bearer: string }
    | { header: { name: string; value: string } }
    | null;
}

/** An endpoint to be made. */
export interface NewEndpoint extends EndpointSettings {
  /** Where signals go. The producer asks it for a challenge before it sends any. */
  url: string;
  /** What is signalled: exact types, `prefix.*`, or `*`. */
  eventTypes: readonly string[];
  /** Where it begins in the log. Default `now`. */
  start?: 'now' | 'oldest';
}

/** What is to be changed about an endpoint; what is left out stays. */
export type EndpointChange = EndpointSettings & Partial<Pick<NewEndpoint, 'url' | 'eventTypes'>>;

/** An endpoint as the producer shows it. */
export interface EndpointView {
  id: EndpointId;
  /** What may be a token in it is masked. */
  url: string;
  eventTypes: string[];
  description: string | null;
  state: 'active' | 'pending' | 'paused' | 'disabled';
  /** Why it is not active. */
  reason: string | null;
}

/** An endpoint as its creation answers it, with the secret that is shown this once. */
export interface NewEndpointView extends EndpointView {
  /** What its signals are signed with. Shown this once: keep it. */
  secret: string;
}

/** How a test signal ended. */
export interface TestResult {
  signalId: string;
  outcome: 'acknowledged' | 'gone' | 'failed' | 'released';
  /** HTTP status of the answer; null when there was none. */
  status: number | null;
  latencyMs: number;
  /** Why it failed, as a category; null when it did not. */
  category: string | null;
}

/** One attempt to deliver a signal, as the producer's log has it. */
export interface SignalAttempt extends TestResult {
  kind: 'events' | 'reminder' | 'notice' | 'test' | 'verification';
  /** 1 for the first one of this signal. */
  attempt: number;
  eventCount: number;
  /** ISO 8601. */
  sentAt: string;
}

interface CallOptions {
  signal?: AbortSignal | undefined;
}

const PATH = '/v1/endpoints';

/** The receiver's own endpoints, where the producer lets it look after them: scopes `endpoints:read` and `endpoints:write`. */
export class EndpointsApi {
  constructor(private readonly calls: ApiCalls) {}

  /** All of them. */
  list({ signal }: CallOptions = {}): Promise<EndpointView[]> {
    return listAll(this.calls, PATH, readEndpoint, signal);
  }

  /** One of them. @throws NotFoundError and the other errors of the client */
  async get(id: string, { signal }: CallOptions = {}): Promise<EndpointView> {
    return this.one(id, { method: 'GET', expected: 200, signal, read: readEndpoint });
  }

  /**
   * Not tried again when its answer is lost: there could be two then. Look for the URL in `list()` first.
   *
   * @throws SignpostClientError
   */
  create(endpoint: NewEndpoint, { signal }: CallOptions = {}): Promise<NewEndpointView> {
    return this.calls.call({
      name: `POST ${PATH}`,
      method: 'POST',
      path: PATH,
      body: endpoint,
      expected: 201,
      maxBytes: this.calls.tuning.maxEventBytes,
      repeatable: false,
      signal,
      read: readNewEndpoint,
    });
  }

  /** With another URL it is `pending` again. @throws NotFoundError and the other errors of the client */
  async update(id: string, change: EndpointChange, { signal }: CallOptions = {}): Promise<EndpointView> {
    return this.one(id, { method: 'PATCH', body: change, expected: 200, signal, read: readEndpoint });
  }

  /** Done again if its answer is lost: then it is not found, and gone. @throws NotFoundError and the other errors of the client */
  async delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.one(id, { method: 'DELETE', expected: 204, signal, read: () => true });
  }

  /**
   * A new signing secret; the old one is good for a while longer. Done again if its answer is lost: of two new secrets the last one counts.
   *
   * @throws NotFoundError and the other errors of the client
   */
  async rotateSecret(id: string, { signal }: CallOptions = {}): Promise<NewEndpointView> {
    const action = '/rotate-secret';
    return this.one(id, { method: 'POST', action, body: {}, expected: 200, signal, read: readNewEndpoint });
  }

  /** Asks the producer for a challenge now, also for an endpoint that was disabled. @throws NotFoundError and the other errors of the client */
  async verify(id: string, { signal }: CallOptions = {}): Promise<EndpointView> {
    return this.one(id, { method: 'POST', action: '/verify', expected: 200, signal, read: readEndpoint });
  }

  /**
   * One test signal, now; answers how that ended. Not tried again. Refused as a conflict while another signal is on its way, and while the
   * endpoint is not verified.
   *
   * @throws NotFoundError and the other errors of the client
   */
  async test(id: string, { signal }: CallOptions = {}): Promise<TestResult> {
    const read = (json: unknown) => readOutcome<TestResult>(json);
    return this.one(id, { method: 'POST', action: '/test', expected: 200, repeatable: false, signal, read });
  }

  /**
   * A page of the attempts to signal it, newest first; `limit` 1 to 1000, default 100.
   *
   * @throws NotFoundError and the other errors of the client
   */
  async signals(
    id: string,
    { after, limit, signal }: { after?: string; limit?: number } & CallOptions = {},
  ): Promise<ListPage<SignalAttempt>> {
    const query = new URLSearchParams({
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit: String(limit) }),
    });
    const read = (json: unknown) => readListPage(json, (item) => readOutcome<SignalAttempt>(item));
    return this.one(id, { method: 'GET', action: '/signals', query, expected: 200, signal, read });
  }

  private one<T>(
    id: string,
    { action = '', ...call }: Omit<ApiCall<T>, 'name' | 'path' | 'maxBytes'> & { action?: string },
  ): Promise<T> {
    if (!isId('ep', id)) throw new InvalidArgumentError('id', 'is no endpoint id: ep_ and 26 characters');
    const { maxEventBytes: maxBytes } = this.calls.tuning;
    const name = `${call.method} ${PATH}/{id}${action}`;
    return this.calls.call({ ...call, name, path: `${PATH}/${id}${action}`, maxBytes });
  }
}

function readEndpoint(json: unknown): EndpointView | undefined {
  if (!isRecord(json)) return undefined;
  const { id, url, eventTypes, state } = json;
  const isEndpoint = isText(id) && isId('ep', id) && isText(url) && Array.isArray(eventTypes) && isText(state);
  return isEndpoint ? (json as unknown as EndpointView) : undefined;
}

function readNewEndpoint(json: unknown): NewEndpointView | undefined {
  const endpoint = readEndpoint(json) as NewEndpointView | undefined;
  return isText(endpoint?.secret) ? endpoint : undefined;
}

function readOutcome<T extends TestResult>(json: unknown): T | undefined {
  return isRecord(json) && isText(json['signalId']) && isText(json['outcome']) ? (json as unknown as T) : undefined;
}
