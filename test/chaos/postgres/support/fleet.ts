import { query } from '../../../../scripts/embedded-postgres.js';
import { startPostgres } from '../../../support/postgres.js';
import { until } from '../../../support/until.js';
import type { ReceivedSignal } from '../../../support/signal-receiver.js';
import { Follower } from '../../support/follower.js';
import { ADMIN_KEY, type Reply, type RequestContent } from '../../support/request.js';
import { Signals } from '../../support/signals.js';
import { FleetNode, IMPATIENT, type NodeSettings } from './fleet-node.js';
import { LONG } from './sizes.js';
import { read, readTruth, type Truth } from './truth.js';

export type Ending = 'commit' | 'rollback';

export interface FleetSettings {
  /** What each node is told besides the usual. */
  nodes: (url: string) => Partial<NodeSettings>[] | Promise<Partial<NodeSettings>[]>;
  endpoints?: number;
  /** Of an empty database. Default: a new one on the server of the tests. */
  url?: string;
}

/** An installation of several nodes on one database, the receiver of its signals, a reader of its feed, and what was promised to them. */
export class Fleet {
  /** Event ids that were answered with, by idempotency key, and the cursors that came with them. */
  readonly acknowledged = new Map<string, { id: string; cursor: string }>();
  /** Orders that were answered as placed. */
  readonly placed = new Set<string>();
  /** Answers that no fault excuses. */
  readonly unexpected: Reply[] = [];
  /** Answers that said to come again. */
  refusals = 0;
  /** Paths of the endpoints, all of which want every event. */
  readonly paths: string[] = [];
  readonly follower: Follower;
  private turn = 0;

  private constructor(
    readonly url: string,
    readonly nodes: readonly FleetNode[],
    readonly signals: Signals,
    apiKey: string,
    private readonly drop: () => Promise<void>,
  ) {
    this.follower = new Follower(this, apiKey);
  }

  static async create({ nodes, endpoints = 5, url: given }: FleetSettings): Promise<Fleet> {
    const { url, drop } = given ? { url: given, drop: () => Promise.resolve() } : await newDatabase();
    await query(url, 'CREATE TABLE orders (id TEXT PRIMARY KEY, event_id TEXT)');
    const usual = { url, dispatch: IMPATIENT, clockOffMs: 0 };
    const started = (await nodes(url)).map((settings) => new FleetNode({ ...usual, ...settings }, LONG));
    await Promise.all(started.map((node) => node.start()));
    const made = async (path: string, body: object) => {
      const answer = await started[0]?.request('POST', `/admin/v1${path}`, { key: ADMIN_KEY, body });
      if (answer?.status !== 201) throw new Error(`${path} answered ${JSON.stringify(answer)}`);
      return answer.body as { id: string; apiKey: string; secret: string };
    };
    const receiver = await made('/receivers', { name: 'crm', tenant: 'acme' });
    const { apiKey } = await made(`/receivers/${receiver.id}/credentials`, { name: 'chaos' });
    const fleet = new Fleet(url, started, await Signals.listen(), apiKey, drop);
    for (let number = 1; number <= endpoints; number += 1) {
      const path = `/endpoint-${number}`;
      const { secret } = await made(`/receivers/${receiver.id}/endpoints`, {
        url: `${fleet.signals.url}${path}`,
        eventTypes: ['*'],
      });
      fleet.signals.secrets.set(path, secret);
      fleet.paths.push(path);
    }
    return fleet;
  }

  /** The nodes take turns. Undefined: no answer, or one that says to come again. */
  async request(method: string, path: string, content: RequestContent): Promise<Reply | undefined> {
    const serving = this.nodes.filter(({ serves }) => serves);
    this.turn += 1;
    const answer = await serving[this.turn % serving.length]?.request(method, path, content);
    if (answer?.status !== 503) return answer;
    this.refusals += 1;
    if (answer.retryAfter === null) this.unexpected.push(answer);
    return undefined;
  }

  /** One try to publish over HTTP. Publishes nothing that an earlier try has published. */
  async publish(key: string): Promise<boolean> {
    const body = { type: 'invoice.paid', tenant: 'acme', subject: key, data: { key } };
    const headers = { 'idempotency-key': key };
    const answer = await this.request('POST', '/admin/v1/events', { key: ADMIN_KEY, body, headers });
    if (!answer) return false;
    if (answer.status === 200 || answer.status === 201) {
      this.acknowledged.set(key, answer.body as { id: string; cursor: string });
    } else {
      this.unexpected.push(answer);
    }
    return true;
  }

  /** One try to place an order in a transaction of the application. 409: an earlier try has placed it. */
  async order(id: string, ending: Ending): Promise<boolean> {
    const answer = await this.request('POST', '/orders', { body: { id, ending } });
    if (!answer) return false;
    const expected = ending === 'rollback' ? [422] : [201, 409];
    if (!expected.includes(answer.status)) this.unexpected.push(answer);
    else if (ending === 'commit') this.placed.add(id);
    return true;
  }

  truth(): Promise<Truth> {
    return readTruth(this.url);
  }

  /** The node that has the endpoint of this signal in its hands. */
  async ownerOf({ json }: ReceivedSignal): Promise<FleetNode | undefined> {
    const owners = await this.owners(`endpoint_id = '${json.data.endpoint}'`);
    return this.nodes.find(({ ownerPrefix }) => owners[0]?.startsWith(ownerPrefix));
  }

  /** Whether an endpoint is still in the hands of a process that called itself so. */
  async isHolding(ownerPrefix: string): Promise<boolean> {
    return (await this.owners(`lease_owner LIKE '${ownerPrefix}%'`)).length > 0;
  }

  /** Whether an event was signalled to every endpoint. */
  isSignalled(id: string): boolean {
    return this.paths.every((path) => this.signals.eventsAt(path).has(id));
  }

  /** Until everything committed was signalled and settled, and read. What is missing then is for `broken`. */
  async settle(deadlineMs = 30_000): Promise<void> {
    const settled = async () => {
      const { waiting, unsettled } = await this.truth();
      return waiting === 0 && unsettled === 0;
    };
    await until(settled, 'a signal of every event', deadlineMs).catch(() => undefined);
    await until(async () => this.follower.page().then((page) => page?.more === false), 'the end of the feed');
  }

  /** Publishes one event, and resolves when every endpoint was told of it. */
  async deliver(key: string, deadlineMs: number): Promise<void> {
    await until(() => this.publish(key), `an answer for ${key}`, deadlineMs);
    const id = this.acknowledged.get(key)?.id;
    await until(() => id !== undefined && this.isSignalled(id), `the signals of ${key}`, deadlineMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.signals.close();
    await this.drop();
  }

  private async owners(which: string): Promise<string[]> {
    const owned = `SELECT lease_owner AS owner FROM signpost_endpoint_position WHERE lease_owner IS NOT NULL AND ${which}`;
    return (await read<{ owner: string }>(this.url, owned)).map(({ owner }) => owner);
  }
}

async function newDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = await startPostgres();
  const { url } = await server.createDatabase();
  return { url, drop: () => server.stop() };
}

/** Settings of so many nodes that are told the same. */
export function alike(count: number, settings: Partial<NodeSettings> = {}): () => Partial<NodeSettings>[] {
  return () => Array.from({ length: count }, () => settings);
}
