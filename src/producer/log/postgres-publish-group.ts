import { DatabaseUnavailableError } from '../../database/errors.js';
import { violatedIndex } from '../../database/postgres-codes.js';
import type { PostgresEngine } from '../../database/postgres-engine.js';
import { PostgresSession } from '../../database/postgres-session.js';
import { IdempotencyConflictError } from './errors.js';
import type { EventId } from '../../protocol/ids.js';
import type { Placed, Position } from './event-store.js';
import { PostgresAppend, withoutConflicts, type Inserted, type PlacedEvent } from './postgres-append.js';

interface Call {
  events: readonly PlacedEvent[];
  resolve(placed: Placed[]): void;
  reject(error: unknown): void;
}

/** Events of one group, and characters of their payloads: what a server writes in a few milliseconds. */
const MOST_EVENTS = 500;
const MOST_CHARACTERS = 4 * 1024 * 1024;
/** Groups that are written at the same time: the next one is on its way while the server flushes the one before. */
const MOST_WRITING = 2;
const TRIES = 3;

/**
 * Publishes outside any transaction of the application. Calls that wait at the same time share a statement, a commit and a sequencing step;
 * one that is refused does not take the others down with it.
 */
export class PostgresPublishGroup {
  private readonly append: PostgresAppend;
  private readonly session: PostgresSession;
  private waiting: Call[] = [];
  private writing = 0;
  private scheduled = false;

  constructor(
    private readonly engine: PostgresEngine,
    /** Resolves when everything committed before has its position. */
    private readonly sequenced: () => Promise<void>,
  ) {
    this.append = new PostgresAppend(engine);
    this.session = new PostgresSession(engine.connections);
  }

  publish(events: readonly PlacedEvent[]): Promise<Placed[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ events, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.writing >= MOST_WRITING || this.waiting.length === 0) return;
    this.scheduled = true;
    // After the poll phase, in which every request that arrived has been read: they share the commit.
    setImmediate(() => {
      this.scheduled = false;
      this.writing += 1;
      void this.write(this.takeGroup()).finally(() => {
        this.writing -= 1;
        this.schedule();
      });
      this.schedule();
    });
  }

  private takeGroup(): Call[] {
    let [calls, events, characters] = [0, 0, 0];
    for (const call of this.waiting) {
      events += call.events.length;
      for (const { data } of call.events) characters += data.length;
      if (calls > 0 && (events > MOST_EVENTS || characters > MOST_CHARACTERS)) break;
      calls += 1;
    }
    return this.waiting.splice(0, calls);
  }

  private async write(group: readonly Call[]): Promise<void> {
    const shared = group.filter(({ events }) => !needsTransaction(events));
    const others = group.filter(({ events }) => needsTransaction(events));
    await Promise.all([this.writeShared(shared), ...others.map((call) => this.writeAlone(call, false))]);
  }

  /** One statement for all. If it fails, whose fault it was shows when each call is written by itself. */
  private async writeShared(calls: readonly Call[]): Promise<void> {
    if (calls.length === 0) return;
    let written = false;
    try {
      const events = calls.flatMap((call) => call.events);
      const all = await this.append.insert((text, values) => this.session.query(text, values), events);
      written = true;
      const placed = await this.placed(
        all.filter((event): event is Inserted => !(event instanceof IdempotencyConflictError)),
      );
      let at = 0;
      for (const { events: own, resolve, reject } of calls) {
        const mine = all.slice(at, (at += own.length));
        const conflict = mine.find((event) => event instanceof IdempotencyConflictError);
        if (conflict) reject(conflict);
        else resolve(mine.flatMap((event) => placed.get(event as Inserted) ?? []));
      }
    } catch (error) {
      const unknown = written || error instanceof DatabaseUnavailableError;
      await Promise.all(calls.map((call) => this.writeAlone(call, unknown)));
    }
  }

  /** `maybeWritten`: it went wrong after the commit, or perhaps after it, so look first. */
  private async writeAlone({ events, resolve, reject }: Call, maybeWritten: boolean): Promise<void> {
    let look = maybeWritten;
    for (let tries = 1; ; tries += 1) {
      try {
        const inserted = (look ? await this.written(events) : undefined) ?? (await this.insertAlone(events));
        const placed = await this.placed(inserted);
        return resolve(inserted.flatMap((event) => placed.get(event) ?? []));
      } catch (error) {
        const unknown = error instanceof DatabaseUnavailableError || (look && isWrittenMeanwhile(error));
        if (!unknown || tries === TRIES) return reject(error);
        look = true;
      }
    }
  }

  private async insertAlone(events: readonly PlacedEvent[]): Promise<Inserted[]> {
    if (!needsTransaction(events)) {
      return withoutConflicts(await this.append.insert((text, values) => this.session.query(text, values), events));
    }
    return this.session.transaction(async (client) =>
      withoutConflicts(await this.append.insert((text, values) => client.query(text, values), events)),
    );
  }

  /** The events as they stand in the table, if they are all there: a call is written as a whole or not at all. */
  private async written(events: readonly PlacedEvent[]): Promise<Inserted[] | undefined> {
    const rows = await this.engine.rowsAgain<{ id: EventId; ordinal: number }>(
      `SELECT id, ordinal FROM ${this.engine.table('event')} WHERE id = ANY ($1)`,
      [events.map(({ id }) => id)],
    );
    const ordinals = new Map(rows.map(({ id, ordinal }) => [id, ordinal]));
    if (ordinals.size < events.length) return undefined;
    return events.map(({ id, partition, tenant, type, subject, occurredAt, recordedAt }) => {
      const times = { occurredAt, recordedAt };
      return {
        id,
        partition,
        tenant,
        type,
        subject,
        ...times,
        position: null,
        repeated: false,
        ordinal: ordinals.get(id) ?? 0,
      };
    });
  }

  private async placed(inserted: readonly Inserted[]): Promise<Map<Inserted, Placed>> {
    await this.sequenced();
    const rows = await this.engine.rowsAgain<{ ordinal: number; position: Position }>(
      `SELECT ordinal, position FROM ${this.engine.table('log')} WHERE ordinal = ANY ($1)`,
      [inserted.map(({ ordinal }) => ordinal)],
    );
    const positions = new Map(rows.map((row) => [row.ordinal, row.position]));
    return new Map(
      inserted.map((event) => {
        const { ordinal, ...appended } = event;
        const position = positions.get(ordinal);
        if (position === undefined) throw new Error(`The event ${event.id} is committed and was given no position`);
        return [event, { ...appended, position }];
      }),
    );
  }
}

/** The statement whose connection broke was still at work, and committed after the look. */
function isWrittenMeanwhile(error: unknown): boolean {
  return violatedIndex(error) === 'signpost_event_id';
}

/** More than a statement takes, or under idempotency keys that may have to be taken back as a whole. */
function needsTransaction(events: readonly PlacedEvent[]): boolean {
  return (
    events.length > MOST_EVENTS || (events.length > 1 && events.some(({ idempotencyKey }) => idempotencyKey !== null))
  );
}
