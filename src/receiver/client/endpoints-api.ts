import { isId, type EndpointId } from '../../protocol/ids.js';
import { isRecord, isText } from './answers.js';
import type { ApiCalls } from './api-calls.js';
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
    if (!isId('ep', id)) throw new InvalidArgumentError('id', 'is no endpoint id: ep_ and 26 characters');
    return this.calls.call({
      name: `GET ${PATH}/{id}`,
      method: 'GET',
      path: `${PATH}/${id}`,
      expected: 200,
      maxBytes: this.calls.tuning.maxEventBytes,
      signal,
      read: readEndpoint,
    });
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

  /** @throws NotFoundError and the other errors of the client */
  async update(id: string, change: EndpointChange, { signal }: CallOptions = {}): Promise<EndpointView> {
    if (!isId('ep', id)) throw new InvalidArgumentError('id', 'is no endpoint id: ep_ and 26 characters');
    return this.calls.call({
      name: `PATCH ${PATH}/{id}`,
      method: 'PATCH',
      path: `${PATH}/${id}`,
      body: change,
      expected: 200,
      maxBytes: this.calls.tuning.maxEventBytes,
      signal,
      read: readEndpoint,
    });
  }

  /**
   * A new signing secret; the old one is good for a while longer. Done again if its answer is lost: of two new secrets the last one counts.
   *
   * @throws NotFoundError and the other errors of the client
   */
  async rotateSecret(id: string, { signal }: CallOptions = {}): Promise<NewEndpointView> {
    if (!isId('ep', id)) throw new InvalidArgumentError('id', 'is no endpoint id: ep_ and 26 characters');
    return this.calls.call({
      name: `POST ${PATH}/{id}/rotate-secret`,
      method: 'POST',
      path: `${PATH}/${id}/rotate-secret`,
      body: {},
      expected: 200,
      maxBytes: this.calls.tuning.maxEventBytes,
      signal,
      read: readNewEndpoint,
    });
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
