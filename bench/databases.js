import Database from 'better-sqlite3';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { startEmbeddedPostgres } from '../scripts/embedded-postgres.js';
import { TICKS } from './processes.js';

/**
 * @typedef {object} BenchDatabase a database of its own for one contender, seen past the service that works on it
 * @property {'SQLite' | 'PostgreSQL'} kind
 * @property {string} url as `DATABASE_URL` takes it
 * @property {object} dataSource as TypeORM takes it
 * @property {(sql: string) => Promise<any[]>} rows runs one statement
 * @property {() => Promise<void>} tidy after much was written by hand: what the database would do by itself in the middle of a turn
 */

/** The databases of a run. The PostgreSQL server is started with the first that asks for it, with PostgreSQL's own, durable settings. */
export class Databases {
  #server;
  #open = [];

  constructor(workspace) {
    this.workspace = workspace;
  }

  async both(name) {
    return [this.sqlite(name), await this.postgres(name)];
  }

  /** @returns {BenchDatabase} */
  sqlite(name) {
    const file = this.workspace.file(`${name}.db`);
    let db;
    const rows = async (sql) => {
      if (!db) {
        db = new Database(file);
        // Of what is written by hand nothing is lost if this is: the next run writes it again.
        db.pragma('synchronous = OFF');
        this.#open.push(async () => db.close());
      }
      const statement = db.prepare(sql);
      if (statement.reader) return statement.all();
      statement.run();
      return [];
    };
    return {
      kind: 'SQLite',
      url: `sqlite:${file}`,
      dataSource: { type: 'better-sqlite3', database: file },
      rows,
      tidy: async () => {
        await rows('ANALYZE');
        await rows('PRAGMA wal_checkpoint(TRUNCATE)');
      },
    };
  }

  /** @returns {Promise<BenchDatabase>} */
  async postgres(name) {
    const server = await this.#started();
    const database = name.replaceAll('-', '_');
    await server.client.query(`CREATE DATABASE ${database}`);
    const url = new URL(server.url);
    url.pathname = database;
    const client = await this.#connect(url.href);
    const rows = async (sql) => (await client.query(sql)).rows;
    return {
      kind: 'PostgreSQL',
      url: url.href,
      dataSource: { type: 'postgres', url: url.href },
      rows,
      tidy: async () => {
        await rows('VACUUM ANALYZE');
        await rows('CHECKPOINT');
      },
    };
  }

  /** Runs `work` while another transaction holds a snapshot of before, and with it every row version that dies meanwhile. */
  async underOldSnapshot({ url }, work) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT 1');
    try {
      return await work();
    } finally {
      await client.end();
    }
  }

  /** CPU seconds of all processes of the PostgreSQL server since it was started. */
  async serverCpuSeconds() {
    const { pid } = await this.#started();
    let ticks = 0;
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const fields = readFileSync(`/proc/${entry}/stat`, 'latin1').split(') ')[1].split(' ');
        // proc(5): the parent is field 4; own times are 14 and 15, those of children that have ended 16 and 17.
        const [own, ended] = [Number(fields[11]) + Number(fields[12]), Number(fields[13]) + Number(fields[14])];
        if (entry === pid) ticks += own + ended;
        else if (fields[1] === pid) ticks += own;
      } catch {
        // It ended meanwhile; the postmaster has its times.
      }
    }
    return ticks / TICKS;
  }

  async close() {
    await Promise.all(this.#open.map((end) => end()));
    await this.#server?.stop();
  }

  async #started() {
    if (this.#server) return this.#server;
    const server = await startEmbeddedPostgres({});
    this.#server = server;
    server.client = await this.#connect(server.url);
    const { rows } = await server.client.query(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid`);
    server.pid = rows[0].pid;
    return server;
  }

  async #connect(url) {
    const client = new pg.Client({ connectionString: url, types: { getTypeParser: numericInt8 } });
    await client.connect();
    this.#open.push(() => client.end());
    return client;
  }
}

const INT8 = 20;
const numericInt8 = (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format));
