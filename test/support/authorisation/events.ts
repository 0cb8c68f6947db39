import { ACCEPTED } from './accepted.js';
import { FIELD_ROWS, statusOf } from './tables.js';
import type { Headers } from './tokens.js';
import { CREDENTIAL_TYPES, FIELDS, type Answered, type SeededEvent, type World } from './world.js';

/** Ways to read one event. */
const SINGLE = [
  { way: 'JSON', query: '', accept: 'application/json' },
  { way: 'CloudEvent', query: '', accept: 'application/cloudevents+json' },
  { way: 'live view', query: '?view=current', accept: 'application/json' },
] as const;

const PAGES = [
  {
    way: 'feed',
    accept: 'application/json',
    events: (text: string) => (JSON.parse(text) as { events: Shown[] }).events,
  },
  {
    way: 'NDJSON',
    accept: 'application/x-ndjson',
    events: (text: string) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Shown),
  },
  {
    way: 'CloudEvents',
    accept: 'application/cloudevents-batch+json',
    events: (text: string) => JSON.parse(text) as Shown[],
  },
] as const;

interface Shown {
  id: string;
  data: Record<string, unknown>;
  /** Text in a CloudEvent. */
  redacted?: string[] | string;
  current?: { data: Record<string, unknown>; redacted?: string[] };
}

interface BatchResult {
  id: string;
  status: number;
  event?: Shown;
  problem?: object;
}

/** Of one credential: what was wrong, and the bytes that everything gets which is not for it. */
class Reader {
  readonly wrong: string[] = [];

  constructor(
    readonly world: World,
    readonly headers: Headers,
    readonly held: readonly string[],
    /** An issuer's token has no types of its own. */
    readonly hasTypes: boolean,
  ) {}

  expected(event: SeededEvent): number {
    return statusOf({
      tenant: event.tenant,
      "receiver's types": event["receiver's types"],
      "credential's types": this.hasTypes ? event["credential's types"] : 'yes',
      policy: event.policy,
      payload: event.payload,
    });
  }

  note(way: string, event: SeededEvent, what: string): void {
    const { id: _, ...kind } = event;
    this.wrong.push(`${way}, ${Object.values(kind).join('/')}, fields ${this.held.join(' ')}: ${what}`);
  }

  async single({ way, query, accept }: (typeof SINGLE)[number]): Promise<void> {
    const { world, headers } = this;
    const read = (id: string) => world.call('GET', `/v1/events/${id}${query}`, { ...headers, accept });
    const unknown = world.events.find(({ payload }) => payload === 'unknown')?.id ?? '';
    // What is not served at all is tried with one set of the fields' scopes.
    const events = world.events.filter((event) => this.held.length === 0 || this.expected(event) === 200);
    const missing = bytes(await read(unknown));
    world.resolved.clear();
    for (const event of events) {
      const answer = await read(event.id);
      const expected = this.expected(event);
      if (answer.status !== expected) this.note(way, event, `${answer.status} instead of ${expected}`);
      if (expected === 404 && bytes(answer) !== missing) this.note(way, event, `404 in other bytes: ${bytes(answer)}`);
      if (expected === 410 && !answer.text.includes(`gone_${event.payload}`)) this.note(way, event, answer.text);
      if (expected !== 200) this.nothingOf(way, event, answer.text);
      else this.fields(way, event, JSON.parse(answer.text) as Shown, answer.text);
      const isAsked = world.resolved.has(event.id);
      if (isAsked !== (expected === 200 && query !== '')) this.note(way, event, `the resolver was asked: ${isAsked}`);
    }
  }

  async batch(): Promise<void> {
    const { world } = this;
    const ids = world.events.map(({ id }) => id);
    const { text } = await world.call('POST', '/v1/events/batch', this.headers, { ids });
    const { results } = JSON.parse(text) as { results: BatchResult[] };
    const missing = JSON.stringify(results.at(-1)?.problem);
    for (const [at, event] of world.events.entries()) {
      const { id, status, event: found, problem } = results[at] ?? { id: '', status: 0 };
      const expected = this.expected(event);
      if (id !== event.id || status !== expected) this.note('batch', event, `${status} instead of ${expected}`);
      if (expected === 404 && JSON.stringify(problem) !== missing) this.note('batch', event, JSON.stringify(problem));
      if (expected !== 200) this.nothingOf('batch', event, JSON.stringify(results[at]));
      else if (found) this.fields('batch', event, found, JSON.stringify(found));
    }
  }

  async page({ way, accept, events }: (typeof PAGES)[number]): Promise<void> {
    const path = '/v1/events?ack=false&limit=1000';
    const { status, text } = await this.world.call('GET', path, { ...this.headers, accept });
    if (status !== 200) this.wrong.push(`${way}: ${status}`);
    const listed = new Map(events(text).map((event) => [event.id, event]));
    for (const event of this.world.events) {
      const found = listed.get(event.id);
      const isExpected = this.expected(event) === 200;
      if ((found !== undefined) !== isExpected) this.note(way, event, found ? 'is listed' : 'is not listed');
      else if (found) this.fields(way, event, found, JSON.stringify(found));
      listed.delete(event.id);
    }
    if (listed.size > 0) this.wrong.push(`${way}: lists what nobody published`);
  }

  /** How many an ack counts stands in the audit. */
  async acks(audit: string): Promise<void> {
    const { world } = this;
    for (const event of world.events) {
      const answer = await world.call('POST', '/v1/acks', this.headers, { ids: [event.id] });
      if (answer.status !== 204 || answer.text !== '') this.note('ack', event, `${answer.status} ${answer.text}`);
    }
    const { items } = await world.log.list({ limit: world.events.length });
    for (const [at, event] of world.events.toReversed().entries()) {
      const { ids, count, kind, status, action } = items[at] ?? {};
      const row = [action, status, kind, ids?.[0], count].join();
      const counted = this.expected(event) === 404 ? 0 : 1;
      if (row !== ['ack', 204, audit, event.id, counted].join()) this.note('ack', event, `audited as ${row}`);
    }
  }

  private fields(way: string, event: SeededEvent, { data, redacted, current }: Shown, text: string): void {
    const parts = [{ data, redacted }, ...(current ? [current] : [])];
    if ((way === 'live view') !== (current !== undefined)) this.note(way, event, `current: ${current !== undefined}`);
    for (const part of parts) {
      const listed =
        typeof part.redacted === 'string' ? (JSON.parse(part.redacted) as string[]) : (part.redacted ?? []);
      for (const { pointer, scope, value } of FIELDS) {
        const isHeld = this.held.includes(scope);
        const row = FIELD_ROWS.find((each) => each['scope of the field'] === (isHeld ? 'held' : 'not held'));
        const isShown = row?.field?.startsWith('its value') === true;
        if ((part.data[pointer.slice(1)] === value) !== isShown) this.note(way, event, `${pointer}: ${text}`);
        if (listed.includes(pointer) === isShown) this.note(way, event, `redacted: ${JSON.stringify(part.redacted)}`);
        if (!isShown && text.includes(value)) this.note(way, event, `${pointer} leaks: ${text}`);
      }
      if (part.redacted !== undefined && listed.length === 0) this.note(way, event, 'redacted is empty');
      if (part.data.n !== 1) this.note(way, event, `the rest of the payload: ${text}`);
    }
  }

  private nothingOf(way: string, event: SeededEvent, text: string): void {
    if (FIELDS.some(({ value }) => text.includes(value))) this.note(way, event, `leaks ${text}`);
  }
}

/** Each event in each way, with each set of the fields' scopes. Answers the cells that are not as documented. */
export async function eventCells(world: World, kind: string, audit: string): Promise<string[]> {
  const wrong: string[] = [];
  const accepted = ACCEPTED[kind];
  if (!accepted) throw new Error(`Nobody knows how to show "${kind}"`);
  const [first, second] = FIELDS.map(({ scope }) => scope);
  for (const held of [[], [first], [second], [first, second]]) {
    const fields = held.filter((scope) => scope !== undefined);
    const headers = await accepted(world, { scopes: ['events:read', ...fields], types: CREDENTIAL_TYPES });
    const reader = new Reader(world, headers, fields, audit !== 'issuer');
    for (const way of SINGLE) await reader.single(way);
    await reader.batch();
    for (const way of PAGES) await reader.page(way);
    // The scopes of fields have no say in it.
    if (fields.length === 0) await reader.acks(audit);
    wrong.push(...reader.wrong);
  }
  return wrong;
}

/** What an answer says, but for the time. */
function bytes({ status, text, headers }: Answered): string {
  const { date: _, ...rest } = headers;
  return JSON.stringify([status, text, rest]);
}
