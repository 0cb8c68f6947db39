import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { InvalidCursorError } from '../protocol/cursor.js';
import type { EventView } from '../protocol/event.js';
import { isEventTypePattern } from '../protocol/event-type.js';
import { type FakeAnswer, jsonObject, problemAnswer } from './fake-answer.js';
import { cursorAt, type FakeLog } from './fake-log.js';

/** A request that was let in. */
export interface FakeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

const LARGEST_LIMIT = 1_000;
const LONGEST_WAIT = 30;
const LARGEST_BATCH = 100;

const READ_HEADERS = { 'cache-control': 'private, no-cache', vary: 'Authorization, Accept' };

/** The fetch API's reads and acks, as the real one answers them. */
export class FakeFetchApi {
  fetchedThrough = 0;
  ackedThrough = 0;
  /** Events that were fetched one by one. */
  readonly fetched = new Set<string>();
  /** Events that were acknowledged by id. */
  readonly acked = new Set<string>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly log: FakeLog) {}

  /** Something was published: long polls look again. */
  wake(): void {
    for (const look of this.waiting) look();
  }

  /** undefined: not a path of this API. */
  async answer(request: FakeRequest): Promise<FakeAnswer | undefined> {
    const { method, path } = request;
    try {
      if (method === 'GET' && path === '/v1/events') return await this.feed(request.query);
      if (method === 'GET' && path === '/v1/position') return this.position();
      if (method === 'POST' && path === '/v1/events/batch') return this.batch(request.body);
      if (method === 'POST' && path === '/v1/acks') return this.acks(request.body);
      const [, id] = /^\/v1\/events\/([^/]+)$/.exec(path) ?? [];
      if (method === 'GET' && id !== undefined) return this.event(decoded(id), request);
      return undefined;
    } catch (error) {
      if (error instanceof InvalidCursorError) return invalidCursor(`${error.message}.`);
      throw error;
    }
  }

  private async feed(query: URLSearchParams): Promise<FakeAnswer> {
    const limit = whole(query.get('limit'), 1, LARGEST_LIMIT, 100);
    const wait = whole(query.get('wait'), 0, LONGEST_WAIT, 0);
    const types = query.get('types')?.split(',') ?? ['*'];
    if (limit === undefined) return invalid('/limit', `must be a whole number from 1 to ${LARGEST_LIMIT}`);
    if (wait === undefined) return invalid('/wait', `must be whole seconds from 0 to ${LONGEST_WAIT}`);
    if (!types.every(isEventTypePattern)) return invalid('/types', 'must hold event types, prefixes, or *');
    const after = query.get('after');
    const moves = query.get('ack') !== 'false';
    const from = after === null ? this.log.oldest : after === 'now' ? this.log.head : this.log.positionAt(after);
    if (from > this.log.head) return invalidCursor('The cursor is not of this log.');
    if (from < this.log.oldest) {
      const detail =
        'Events behind this cursor have left the retention period. Go on from `oldest`, and reconcile what was missed.';
      return problemAnswer('cursor_expired', detail, { oldest: cursorAt(this.log.oldest) });
    }
    if (moves && after !== null && after !== 'now') this.ackThrough(from);
    if (this.log.page(from, 1, types).events.length === 0 && wait > 0) await this.somethingNew(wait * 1_000);
    const { events, through, more } = this.log.page(from, limit, types);
    if (moves) this.fetchedThrough = Math.max(this.fetchedThrough, through);
    return { status: 200, headers: READ_HEADERS, body: { events, cursor: cursorAt(through), more } };
  }

  private event(id: string, { headers, query }: FakeRequest): FakeAnswer {
    const view = query.get('view');
    if (view !== null && view !== 'current') return invalid('/view', 'must be current, or be left out');
    const read = this.log.read(id);
    if (!read) return problemAnswer('not_found');
    if ('gone' in read) return problemAnswer(read.gone);
    if (view === 'current') return this.live(read.found);
    this.fetched.add(id);
    const etag = `"${createHash('sha256').update(JSON.stringify(read.found)).digest('base64url').slice(0, 22)}"`;
    const unchanged = headers['if-none-match'] === etag;
    const answer = { status: unchanged ? 304 : 200, headers: { ...READ_HEADERS, etag } };
    return unchanged ? answer : { ...answer, body: read.found };
  }

  private live(event: EventView): FakeAnswer {
    const current = this.log.currentOf(event.id);
    if (current === undefined) {
      return invalid('/view', `has no current for events of the type ${event.type}; leave view out`);
    }
    if (current === 'not-yet') {
      const detail = 'The change that the event tells of cannot be seen yet; ask again.';
      return problemAnswer('too_early', detail, {}, { 'retry-after': '1' });
    }
    this.fetched.add(event.id);
    const asOf = this.log.isoNow();
    const shown = current === 'gone' ? { state: 'gone', asOf } : { state: 'found', asOf, ...current };
    const headers = { ...READ_HEADERS, 'cache-control': 'private, no-store' };
    return { status: 200, headers, body: { ...event, current: shown } };
  }

  private batch(body: string): FakeAnswer {
    const ids = jsonObject(body)?.['ids'];
    if (!Array.isArray(ids) || ids.length === 0) return invalid('/ids', 'must be a list of event ids');
    if (ids.length > LARGEST_BATCH) return invalid('/ids', `must hold ${LARGEST_BATCH} ids at most; ask several times`);
    const results = ids.map((id: string) => {
      const read = this.log.read(id);
      if (read && 'found' in read) {
        this.fetched.add(id);
        return { id, status: 200, event: read.found };
      }
      const { status, body: problem } = problemAnswer(read ? read.gone : 'not_found');
      return { id, status, problem };
    });
    return { status: 200, headers: READ_HEADERS, body: { results } };
  }

  private acks(body: string): FakeAnswer {
    const { through, ids } = jsonObject(body) ?? {};
    if (typeof through === 'string') this.ackThrough(this.log.positionAt(through));
    else if (Array.isArray(ids)) for (const id of ids as string[]) this.acked.add(id);
    else return invalid('', 'must have either through or ids');
    return { status: 204 };
  }

  private position(): FakeAnswer {
    const { head } = this.log;
    const body = {
      head: cursorAt(head),
      fetched: cursorAt(this.fetchedThrough),
      acked: cursorAt(this.ackedThrough),
      lag: head - this.ackedThrough,
    };
    return { status: 200, headers: READ_HEADERS, body };
  }

  private ackThrough(position: number): void {
    this.ackedThrough = Math.max(this.ackedThrough, position);
    this.fetchedThrough = Math.max(this.fetchedThrough, position);
  }

  private somethingNew(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(look, ms);
      this.waiting.add(look);
    });
  }
}

/** Empty, and so no id, if it is malformed. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return '';
  }
}

function whole(text: string | null, least: number, most: number, byDefault: number): number | undefined {
  if (text === null) return byDefault;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}

function invalid(pointer: string, message: string): FakeAnswer {
  return problemAnswer('invalid_request', undefined, { errors: [{ pointer, message }] });
}

function invalidCursor(detail: string): FakeAnswer {
  const errors = [{ pointer: '/after', message: 'must be a cursor exactly as it was received, or now' }];
  return problemAnswer('invalid_cursor', detail, { errors });
}
