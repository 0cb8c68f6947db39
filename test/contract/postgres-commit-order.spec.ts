import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { QueryRunner } from 'typeorm';
import { GivenClock } from '../../src/database/postgres-clock.js';
import { PostgresEngine } from '../../src/database/postgres-engine.js';
import { PostgresSequencer } from '../../src/producer/log/postgres-sequencer.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { postgresFixtures, type PostgresFixture, type PostgresFixtures } from '../support/postgres-database.js';

/** Logs that are tried at the same time; the application has 10 connections. */
const PARTITIONS = 3;
/** Of each. */
const CONNECTIONS = 3;
const INTERLEAVINGS = 999;
/** A machine that is busy with other things tries fewer. */
const LONGEST_MS = 20_000;
/** So small that steps end in the middle of what waits. */
const BATCH = 3;

let server: TestPostgres;
let fixtures: PostgresFixtures;
let fixture: PostgresFixture;
let engine: PostgresEngine;
let connections: QueryRunner[];

beforeAll(async () => {
  server = await startPostgres();
  fixtures = await postgresFixtures(server);
});
afterAll(async () => {
  await fixtures?.end();
  await server?.stop();
});
beforeEach(async () => {
  fixture = await fixtures.open();
  engine = new PostgresEngine(fixture.dataSource, { size: 2, name: 'test' });
  connections = Array.from({ length: PARTITIONS * CONNECTIONS }, () => fixture.dataSource.createQueryRunner());
});
afterEach(async () => {
  await Promise.all(connections.map((connection) => connection.query('ROLLBACK').then(() => connection.release())));
  await engine.close();
  await fixture.close();
});

const sequencer = (batch?: number, partition = 0) =>
  new PostgresSequencer(engine, partition, 'unheard', new GivenClock(() => Date.now()), batch);

/** As publishing inserts them, `count` in one statement. */
const insert = (
  connection: { query(text: string, values: unknown[]): Promise<unknown> },
  name: string,
  count = 1,
  partition = 0,
) =>
  connection.query(
    `WITH inserted AS (
       INSERT INTO signpost_event (partition, id, tenant, type, occurred_at, recorded_at, data)
       SELECT $3::int, $1::text || n, 'acme', 'a', 0, 0, '{}' FROM generate_series(1, $2::int) AS n RETURNING ordinal
     ) INSERT INTO signpost_outbox (partition, xid, ordinal) SELECT $3::int, pg_current_xact_id(), ordinal FROM inserted`,
    [name, count, partition],
  );

const readAfter = (position: number, partition = 0) =>
  engine.rows<{ position: number; id: string }>(
    'SELECT position, id FROM signpost_log WHERE partition = $2 AND position > $1 ORDER BY position',
    [position, partition],
  );

async function sequenceAll(node: PostgresSequencer): Promise<void> {
  while ((await node.step()).more);
}

interface Step {
  does: 'insert' | 'savepoint' | 'release' | 'back' | 'commit' | 'rollback' | 'sequence' | 'read';
  /** Of the connections, or of the nodes. */
  by: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    does: fc.oneof(
      { weight: 5, arbitrary: fc.constant('insert' as const) },
      { weight: 4, arbitrary: fc.constantFrom('sequence' as const, 'commit' as const) },
      { weight: 2, arbitrary: fc.constant('read' as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('savepoint' as const, 'release' as const, 'back' as const, 'rollback' as const),
      },
    ),
    by: fc.nat({ max: CONNECTIONS - 1 }),
  }),
  { minLength: 8, maxLength: 14 },
);

/** An open transaction: its inserts, by savepoint; the outermost first. */
type Open = string[][];

/** What one run of steps is held against. */
class Model {
  private readonly open: (Open | undefined)[] = [];
  private readonly nodes: PostgresSequencer[];
  private readonly connections: QueryRunner[];
  /** Committed before anybody looked for positions again; and what each was begun after. */
  private readonly committed = new Map<string, ReadonlySet<string>>();
  private readonly knows = new Map<string, ReadonlySet<string>>();
  private readonly seen: { position: number; id: string }[] = [];
  private inserted = 0;

  constructor(
    private readonly run: string,
    private readonly partition: number,
    private readonly start: number,
  ) {
    this.nodes = [sequencer(BATCH, partition), sequencer(BATCH, partition)];
    this.connections = connections.slice(partition * CONNECTIONS, (partition + 1) * CONNECTIONS);
  }

  async take({ does, by }: Step): Promise<void> {
    const connection = this.connections[by] as QueryRunner;
    const open = this.open[by];
    switch (does) {
      case 'sequence':
        await this.nodes[by % 2]?.step();
        return;
      case 'read':
        return this.read();
      case 'insert': {
        if (!open) await connection.query('BEGIN');
        const own = open ?? [[]];
        this.open[by] = own;
        const id = `${this.run} ${(this.inserted += 1)} `;
        // What is committed by now, this transaction can have seen.
        this.knows.set(`${id}1`, new Set(this.committed.keys()));
        await insert(connection, id, 1, this.partition);
        own.at(-1)?.push(`${id}1`);
        return;
      }
      default:
        if (open) await this.end(connection, by, open, does);
    }
  }

  /** Everything committed is there once the open transactions have ended, and nothing else. Answers the newest position. */
  async finish(): Promise<number> {
    for (const [by, open] of this.open.entries())
      if (open) await this.end(this.connections[by] as QueryRunner, by, open, 'commit');
    await sequenceAll(this.nodes[0] as PostgresSequencer);
    await this.read();
    expect(new Set(this.seen.map(({ id }) => id))).toEqual(new Set(this.committed.keys()));
    const all = await readAfter(this.start, this.partition);
    expect(all).toEqual(this.seen);
    return this.start + this.seen.length;
  }

  private async end(connection: QueryRunner, by: number, open: Open, does: Step['does']): Promise<void> {
    const depth = open.length - 1;
    if (does === 'savepoint') {
      await connection.query(`SAVEPOINT s${open.length}`);
      open.push([]);
    } else if (does === 'release' && depth > 0) {
      await connection.query(`RELEASE SAVEPOINT s${depth}`);
      open[depth - 1]?.push(...(open.pop() ?? []));
    } else if (does === 'back' && depth > 0) {
      await connection.query(`ROLLBACK TO SAVEPOINT s${depth}`);
      open[depth] = [];
    } else if (does === 'commit' || does === 'rollback') {
      await connection.query(does);
      this.open[by] = undefined;
      if (does === 'commit') for (const id of open.flat()) this.committed.set(id, this.knows.get(id) ?? new Set());
    }
  }

  /** As a receiver reads: on from where it was. */
  private async read(): Promise<void> {
    const last = this.seen.at(-1)?.position ?? this.start;
    for (const entry of await readAfter(last, this.partition)) {
      const known = this.committed.get(entry.id);
      if (!known) throw new Error(`${entry.id} is in the log and was never committed`);
      const before = new Set(this.seen.map(({ id }) => id));
      for (const id of known) expect(before).toContain(id);
      this.seen.push(entry);
    }
    expect(this.seen.map(({ position }) => position)).toEqual(this.seen.map((_, index) => this.start + index + 1));
  }
}

describe('positions on PostgreSQL', () => {
  it('no reader passes an event, whichever transactions overlap and whoever sequences', async () => {
    let runs = 0;
    const heads = Array.from({ length: PARTITIONS }, () => 0);
    const interleaving = async (taken: readonly Step[], partition: number) => {
      const model = new Model(`${(runs += 1)}-${partition}`, partition, heads[partition] ?? 0);
      try {
        for (const step of taken) await model.take(step);
      } finally {
        heads[partition] = await model.finish();
      }
    };
    const several = fc.array(steps, { minLength: PARTITIONS, maxLength: PARTITIONS });
    await fc.assert(
      fc.asyncProperty(several, async (lists) => void (await Promise.all(lists.map(interleaving)))),
      { numRuns: INTERLEAVINGS / PARTITIONS, interruptAfterTimeLimit: LONGEST_MS, endOnFailure: true },
    );
  }, 90_000);

  it('a transaction that stays open, writing and with savepoints, holds nothing up and is sequenced when it ends', async () => {
    const node = sequencer();
    const [slow, quick] = connections as [QueryRunner, QueryRunner];
    await slow.query('BEGIN');
    await insert(slow, 'slow-');
    await slow.query('SAVEPOINT nested');
    await insert(slow, 'inner-');
    await slow.query('RELEASE SAVEPOINT nested');
    for (let n = 0; n < 5; n += 1) {
      await insert(quick, `quick-${n}-`);
      expect(await node.step()).toMatchObject({ count: 1, head: n + 1 });
    }
    await insert(slow, 'late-');
    await slow.query('COMMIT');
    expect(await node.step()).toMatchObject({ count: 3, more: false });
    expect((await readAfter(5)).map(({ id }) => id)).toEqual(['slow-1', 'inner-1', 'late-1']);
  });

  it('a prepared transaction’s events are sequenced when it is committed', async () => {
    const [{ setting } = { setting: '0' }] = await fixture.dataSource.query<{ setting: string }[]>(
      `SELECT setting FROM pg_settings WHERE name = 'max_prepared_transactions'`,
    );
    // Off on most servers.
    if (setting === '0') return;
    const node = sequencer();
    const [connection] = connections as [QueryRunner];
    await connection.query('BEGIN');
    await insert(connection, 'prepared-');
    await connection.query(`PREPARE TRANSACTION 'signpost-test'`);
    expect(await node.step()).toMatchObject({ count: 0 });
    await connection.query(`COMMIT PREPARED 'signpost-test'`);
    expect(await node.step()).toMatchObject({ count: 1 });
  });

  it('takes a batch at a time, in the order of the inserts, and says that more is left', async () => {
    const [node, other] = [sequencer(4), sequencer(4)];
    await insert(fixture.dataSource, 'e-', 10);
    expect(await node.step()).toMatchObject({ count: 4, more: true, head: 4 });
    expect(await other.step()).toMatchObject({ count: 4, more: true, head: 8 });
    expect(await node.step()).toMatchObject({ count: 2, more: false, head: 10 });
    expect((await readAfter(0)).map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, n) => `e-${n + 1}`));
  });

  it('an entry without its event stops nobody', async () => {
    const node = sequencer(2);
    await fixture.dataSource.query(
      'INSERT INTO signpost_outbox SELECT 0, pg_current_xact_id(), -n FROM generate_series(1, 2) AS n',
    );
    await insert(fixture.dataSource, 'e-', 1);
    await sequenceAll(node);
    expect((await readAfter(0)).map(({ id }) => id)).toEqual(['e-1']);
  });

  it('what was restored from another server is sequenced, whatever its transactions were called', async () => {
    const node = sequencer();
    await insert(fixture.dataSource, 'before-');
    await sequenceAll(node);
    for (const [name, xid] of Object.entries({ low: '3', high: '9223372036854775000' })) {
      await insert(fixture.dataSource, `${name}-`);
      await fixture.dataSource.query(
        `UPDATE signpost_outbox o SET xid = $1::text::xid8 FROM signpost_event e WHERE e.ordinal = o.ordinal AND e.id = $2`,
        [xid, `${name}-1`],
      );
    }
    // One that was running when the dump is restored sees the higher ones at once; a node that starts sees all.
    expect(await node.step()).toMatchObject({ count: 1 });
    expect(await sequencer().step()).toMatchObject({ count: 1 });
    expect((await readAfter(0)).map(({ id }) => id)).toEqual(['before-1', 'high-1', 'low-1']);
  });

  it('positions are given out durably and by what is committed, whatever the database’s defaults are', async () => {
    const [{ name } = { name: '' }] = await fixture.dataSource.query<{ name: string }[]>(
      'SELECT current_database() AS name',
    );
    await fixture.dataSource.query(`CREATE FUNCTION durable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('synchronous_commit') = 'off' THEN RAISE 'a position could be lost'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER durable BEFORE INSERT ON signpost_log FOR EACH ROW EXECUTE FUNCTION durable();
      ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
      ALTER DATABASE ${name} SET synchronous_commit = 'off'`);
    const other = new PostgresEngine(fixture.dataSource, { size: 4, name: 'test' });
    try {
      await insert(fixture.dataSource, 'e-', 40);
      const clock = new GivenClock(() => Date.now());
      const nodes = Array.from({ length: 4 }, () => new PostgresSequencer(other, 0, 'unheard', clock, 5));
      await Promise.all(nodes.map(sequenceAll));
      expect((await readAfter(0)).map(({ position }) => position)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    } finally {
      await other.close();
      await fixture.dataSource.query(`ALTER DATABASE ${name} RESET ALL; DROP FUNCTION durable CASCADE`);
    }
  });
});
