import { randomBytes } from 'node:crypto';
import type { EndpointId } from '../protocol/ids.js';
import { generateSecret } from '../protocol/secrets.js';
import { type FakeAnswer, jsonObject, problemAnswer } from './fake-answer.js';
import type { FakeRequest } from './fake-fetch-api.js';
import type { FakeEndpoint, FakeSignals, SentSignal } from './fake-signals.js';

const KIND_OF_TYPE: Readonly<Record<SentSignal['type'], string>> = {
  'events.available': 'events',
  'endpoint.verification': 'verification',
  'endpoint.test': 'test',
  'endpoint.enabled': 'notice',
  'endpoint.disabled': 'notice',
};

/** Whose endpoints all of them are. */
const RECEIVER = 'rcv_01kaz8fp3wfj2taq4k3bv8s5ch';

/** The receiver's own endpoints and the catalogue, as the contract has them; and access tokens (RFC 6749, section 4.4). */
export class FakeSelfService {
  /** Names of the event types that the catalogue lists. */
  readonly eventTypes = new Map<string, string | null>();
  /** Access tokens that are good. */
  readonly tokens = new Set<string>();
  /** Whether the credential has the scope `endpoints:write`. */
  mayWriteEndpoints = true;

  constructor(private readonly signals: FakeSignals) {}

  /** undefined: not a path of this API. */
  answer({ method, path, body }: FakeRequest): FakeAnswer | Promise<FakeAnswer> | undefined {
    const types = /^\/v1\/event-types(?:\/([^/]+))?$/.exec(path);
    if (method === 'GET' && types) return this.catalogue(types[1]);
    const [matched, id, action] =
      /^\/v1\/endpoints(?:\/([^/]+)(?:\/(rotate-secret|test|verify|signals))?)?$/.exec(path) ?? [];
    if (matched === undefined) return undefined;
    if (method !== 'GET' && !this.mayWriteEndpoints) return problemAnswer('forbidden');
    if (id === undefined) return this.collection(method, body);
    const endpoint = this.signals.endpoints.get(id as EndpointId);
    if (!endpoint) return problemAnswer('not_found');
    switch (action) {
      case undefined:
        return this.one(method, endpoint, body);
      case 'signals':
        return this.attempts(endpoint);
      case 'rotate-secret':
        return this.rotated(endpoint);
      case 'test':
        return this.tested(endpoint);
      default:
        // A pending one is asked all the time.
        return { status: 200, body: view(endpoint) };
    }
  }

  /** A new access token, good until the fake is told otherwise. */
  token(): FakeAnswer {
    const token = `token_${randomBytes(16).toString('hex')}`;
    this.tokens.add(token);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 600 } };
  }

  private collection(method: string, body: string): FakeAnswer | undefined {
    if (method === 'GET') {
      const items = [...this.signals.endpoints.values()].map(view);
      return { status: 200, body: { items, cursor: items.at(-1)?.id ?? null, more: false } };
    }
    if (method !== 'POST') return problemAnswer('method_not_allowed');
    const { url, eventTypes, description } = jsonObject(body) ?? {};
    if (typeof url !== 'string' || !Array.isArray(eventTypes)) {
      const errors = [{ pointer: typeof url === 'string' ? '/eventTypes' : '/url', message: 'is required' }];
      return problemAnswer('invalid_request', undefined, { errors });
    }
    const made = this.signals.addEndpoint(url, {
      eventTypes: eventTypes as string[],
      description: typeof description === 'string' ? description : null,
      state: 'pending',
    });
    const afterwards = () => void this.signals.verify(made);
    return { status: 201, body: { ...view(made), secret: made.secret }, afterwards };
  }

  private one(method: string, endpoint: FakeEndpoint, body: string): FakeAnswer | undefined {
    if (method === 'GET') return { status: 200, body: view(endpoint) };
    if (method === 'DELETE') {
      this.signals.endpoints.delete(endpoint.id);
      return { status: 204 };
    }
    if (method !== 'PATCH') return problemAnswer('method_not_allowed');
    const { url, eventTypes, description } = jsonObject(body) ?? {};
    const isElsewhere = typeof url === 'string' && url !== endpoint.url;
    if (isElsewhere) Object.assign(endpoint, { url, state: 'pending' });
    if (Array.isArray(eventTypes)) endpoint.eventTypes = eventTypes as string[];
    if (typeof description === 'string' || description === null) endpoint.description = description;
    const answer = { status: 200, body: view(endpoint) };
    return isElsewhere ? { ...answer, afterwards: () => void this.signals.verify(endpoint) } : answer;
  }

  private rotated(endpoint: FakeEndpoint): FakeAnswer {
    endpoint.secret = generateSecret();
    return { status: 200, body: { ...view(endpoint), secret: endpoint.secret } };
  }

  private async tested(endpoint: FakeEndpoint): Promise<FakeAnswer> {
    if (endpoint.state === 'pending') return problemAnswer('conflict', 'The URL of this endpoint is not verified yet.');
    return { status: 200, body: outcomeOf(await this.signals.sendTest(endpoint)) };
  }

  private attempts({ id }: FakeEndpoint): FakeAnswer {
    const items = this.signals.sent
      .filter(({ endpoint }) => endpoint === id)
      .reverse()
      .map((sent) => ({
        ...outcomeOf(sent),
        kind: KIND_OF_TYPE[sent.type],
        attempt: 1,
        eventCount: sent.events.length,
        sentAt: new Date(sent.at).toISOString(),
      }));
    return { status: 200, body: { items, cursor: items.at(-1)?.signalId ?? null, more: false } };
  }

  private catalogue(name: string | undefined): FakeAnswer {
    const entry = (type: string) => ({
      name: type,
      description: this.eventTypes.get(type) ?? null,
      schema: null,
      sensitiveFields: [],
    });
    if (name === undefined) {
      const items = [...this.eventTypes.keys()].sort().map(entry);
      return { status: 200, body: { items, cursor: items.at(-1)?.name ?? null, more: false } };
    }
    return this.eventTypes.has(name) ? { status: 200, body: entry(name) } : problemAnswer('not_found');
  }
}

function outcomeOf({ id, status, category }: SentSignal) {
  const outcome = category === null ? 'acknowledged' : status === 410 ? 'gone' : 'failed';
  return { signalId: id, outcome, status, latencyMs: 0, category };
}

function view({ id, url, eventTypes, description, state, createdAt }: FakeEndpoint) {
  return {
    id,
    receiver: RECEIVER,
    tenant: 'default',
    url,
    eventTypes,
    description,
    maxEventsPerSignal: 100,
    minInterval: 0,
    confirm: 'fetch',
    signature: 'standard',
    auth: null,
    warnings: [],
    state,
    reason: null,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(createdAt).toISOString(),
  };
}
