import type { Database } from '../../support/databases.js';
import { until } from '../../support/until.js';
import { Follower } from './follower.js';
import { Producer } from './producer.js';
import type { Reply } from './request.js';
import { Signals } from './signals.js';
import { readTruth, type LogRow, type Truth } from './witness.js';

/** How the application's transaction of an order ends; `savepoint`: a nested one that published is undone, the outer commits. */
export type Ending = 'commit' | 'rollback' | 'savepoint';

export const ALL = '/all';
export const ORDERS_ONLY = '/orders-only';
export const BATCH_SIZE = 3;

/** A producer that dies and comes back, the receiver of its signals, a reader of its feed, and what was promised to them. */
export class World {
  /** Event ids that were answered with, by idempotency key. A second, different answer is kept as well. */
  readonly acknowledged = new Map<string, Set<string>>();
  /** Orders that were answered as placed. */
  readonly placed = new Set<string>();
  /** Answers that no crash excuses. */
  readonly unexpected: Reply[] = [];
  /** Places of events in the order in which they became known, whoever told. */
  private readonly places: { id: string; cursor: string }[] = [];

  private constructor(
    readonly producer: Producer,
    readonly signals: Signals,
    readonly follower: Follower,
  ) {}

  static async create(database: Database, options: { confirmSchedule?: number[] } = {}): Promise<World> {
    const signals = await Signals.listen();
    const producer = await Producer.create(database, options);
    await producer.start();
    const made = async (path: string, body: object) => {
      const answer = await producer.admin('POST', path, body);
      if (answer?.status !== 201) throw new Error(`${path} answered ${JSON.stringify(answer)}`);
      return answer.body as { id: string; apiKey: string; secret: string };
    };
    const receiver = await made('/receivers', { name: 'crm', tenant: 'acme' });
    const { apiKey } = await made(`/receivers/${receiver.id}/credentials`, { name: 'chaos' });
    for (const [path, eventTypes] of [
      [ALL, ['*']],
      [ORDERS_ONLY, ['order.*']],
    ] as const) {
      const endpoint = await made(`/receivers/${receiver.id}/endpoints`, { url: `${signals.url}${path}`, eventTypes });
      signals.secrets.set(path, endpoint.secret);
    }
    return new World(producer, signals, new Follower(producer, apiKey));
  }

  /** One try to publish over HTTP; undefined when there was no answer. Publishes nothing that an earlier try has published. */
  async publish(key: string): Promise<Reply | undefined> {
    const event = { type: 'invoice.paid', tenant: 'acme', subject: key, data: { key } };
    const answer = await this.producer.admin('POST', '/events', event, { 'idempotency-key': key });
    if (!answer) return undefined;
    if (answer.status !== 200 && answer.status !== 201) return this.surprise(answer);
    const { id, cursor } = answer.body as { id: string; cursor: string };
    this.places.push({ id, cursor });
    this.noteAcknowledged(key, [id]);
    return answer;
  }

  /** As `publish`, where there must be an answer, which is the event's id. */
  async published(key: string): Promise<string> {
    const answer = await this.publish(key);
    const { id } = (answer?.body ?? {}) as { id?: string };
    if (id === undefined) throw new Error(`Publishing ${key} was answered with ${JSON.stringify(answer)}`);
    return id;
  }

  /** As `publish`, for a few events that are all there or none of them. */
  async publishBatch(key: string): Promise<Reply | undefined> {
    const event = { type: 'invoice.sent', tenant: 'acme', subject: key, data: { key } };
    const events = Array.from({ length: BATCH_SIZE }, () => event);
    const answer = await this.producer.admin('POST', '/events/batch', { events }, { 'idempotency-key': key });
    if (!answer) return undefined;
    if (answer.status !== 200 && answer.status !== 201) return this.surprise(answer);
    this.noteAcknowledged(key, (answer.body as { ids: string[] }).ids);
    return answer;
  }

  /** One try to place an order in a transaction of the application. 409: an earlier try has placed it. */
  async order(id: string, ending: Ending = 'commit'): Promise<Reply | undefined> {
    const answer = await this.producer.request('POST', '/orders', { key: '', body: { id, ending } });
    if (!answer) return undefined;
    const expected = ending === 'rollback' ? [422] : [201, 409];
    if (!expected.includes(answer.status)) return this.surprise(answer);
    if (ending !== 'rollback') this.placed.add(id);
    return answer;
  }

  truth(): Promise<Truth> {
    return readTruth(this.producer.database.options);
  }

  async position(): Promise<{ head: string; fetched: string; acked: string }> {
    const answer = await this.producer.request('GET', '/v1/position', { key: this.follower.apiKey });
    return answer?.body as { head: string; fetched: string; acked: string };
  }

  /** Until everything committed was signalled and read. Waits no longer than it takes; what is missing then is for `broken`. */
  async settle(): Promise<void> {
    const { log } = await this.truth();
    const signalled = async () => {
      const [all, orders] = [this.signals.eventsAt(ALL), this.signals.eventsAt(ORDERS_ONLY)];
      if (!log.every(({ id, type }) => all.has(id) && (!isOrder(type) || orders.has(id)))) return false;
      // Received is not settled yet: the next crash must not be one of this signal.
      return (await this.truth()).unsettled === 0;
    };
    await until(signalled, 'a signal of every event', 20_000).catch(() => undefined);
    await this.follower.drain();
  }

  /** What of the promises does not hold, by invariant of the architecture; all lists are empty when all is well. */
  async broken(): Promise<Record<string, string[]>> {
    const { log, orders } = await this.truth();
    const byId = new Map(log.map((row) => [row.id, row]));
    const signalled = new Set([...this.signals.eventsAt(ALL), ...this.signals.eventsAt(ORDERS_ONLY)]);
    return {
      'invariant 1: no event without its transaction': [
        ...log.filter((row) => !this.isCommittedBy(row, orders)).map(described('nobody committed')),
        ...[...signalled].filter((id) => !byId.has(id)).map((id) => `${id} was signalled and is not committed`),
        ...this.follower.events
          .filter(({ id }) => !byId.has(id))
          .map(({ id }) => `${id} was read and is not committed`),
      ],
      'invariant 1: committed means in the log, once': [
        ...[...this.placed].filter((id) => !orders.has(id)).map((id) => `order ${id} was acknowledged and lost`),
        ...[...orders].filter(([, event]) => !byId.has(String(event))).map(([id]) => `order ${id} has no event`),
        ...this.lostAcknowledgements(log),
      ],
      'invariant 2: positions never move': [
        ...this.places.concat(this.follower.events).flatMap(this.moves(log)),
        ...differences(
          log.map(({ id }) => id),
          this.follower.events.map(({ id }) => id),
        ),
      ],
      'invariant 3: every event is signalled to every matching endpoint, and to no other': [
        ...log.filter(({ id }) => !this.signals.eventsAt(ALL).has(id)).map(described('was never signalled')),
        ...log
          .filter(({ id, type }) => this.signals.eventsAt(ORDERS_ONLY).has(id) !== isOrder(type))
          .map(described('was signalled wrongly')),
      ],
      'invariant 5: a repeated signal has the same id and bytes': this.signals.faults(),
      'invariant 8: every payload can be fetched as it was published': [
        ...this.follower.events.filter(isOtherPayload).map(({ id }) => `${id} has another payload`),
        ...(await this.unreadable(log)),
      ],
      'answers that no crash excuses': this.unexpected.map((answer) => JSON.stringify(answer)),
    };
  }

  async close(): Promise<void> {
    await this.producer.close();
    await this.signals.close();
  }

  private surprise(answer: Reply): Reply {
    this.unexpected.push(answer);
    return answer;
  }

  private noteAcknowledged(key: string, ids: string[]): void {
    const known = this.acknowledged.get(key) ?? new Set();
    for (const id of ids) known.add(id);
    this.acknowledged.set(key, known);
  }

  private isCommittedBy({ id, type, subject }: LogRow, orders: Map<string, string | null>): boolean {
    if (isOrder(type)) return orders.get(String(subject)) === id;
    return this.acknowledged.get(String(subject))?.has(id) ?? false;
  }

  private lostAcknowledgements(log: readonly LogRow[]): string[] {
    const found = new Map<string, string[]>();
    for (const { subject, id, type } of log) {
      if (!isOrder(type)) found.set(String(subject), [...(found.get(String(subject)) ?? []), id]);
    }
    return [...this.acknowledged].flatMap(([key, ids]) =>
      differences([...ids].sort(), found.get(key)?.sort() ?? []).map((difference) => `under key ${key}: ${difference}`),
    );
  }

  /** Positions are compared as the cursors that tell of them: an event has one for ever, and they are in log order. */
  private moves(log: readonly LogRow[]) {
    const cursors = new Map<string, string>();
    const known = new Set(log.map(({ id }) => id));
    return ({ id, cursor }: { id: string; cursor: string }): string[] => {
      const before = cursors.get(id) ?? cursor;
      cursors.set(id, cursor);
      return before === cursor || !known.has(id) ? [] : [`${id} moved from ${before} to ${cursor}`];
    };
  }

  private async unreadable(log: readonly LogRow[]): Promise<string[]> {
    const missing: string[] = [];
    for (let at = 0; at < log.length; at += 100) {
      const ids = log.slice(at, at + 100).map(({ id }) => id);
      const answer = await this.producer.request('POST', '/v1/events/batch', {
        key: this.follower.apiKey,
        body: { ids },
      });
      const { results } = answer?.body as { results: { id: string; status: number }[] };
      for (const { id, status } of results) if (status !== 200) missing.push(`${id} answers ${status}`);
    }
    return missing;
  }
}

function isOrder(type: string): boolean {
  return type.startsWith('order.');
}

function isOtherPayload({ subject, data }: { subject: string | null; data: unknown }): boolean {
  const { key, order } = data as { key?: string; order?: string };
  return (key ?? order) !== subject;
}

function described(what: string) {
  return ({ id, subject }: LogRow): string => `${id} (${subject}) ${what}`;
}

/** The first place in which two lists differ, or nothing. */
function differences(expected: readonly string[], actual: readonly string[]): string[] {
  const length = Math.max(expected.length, actual.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => expected[index] !== actual[index]);
  return at === undefined ? [] : [`at ${at} of ${length}: ${expected[at]} is committed, ${actual[at]} was told`];
}
