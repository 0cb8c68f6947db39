import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { serveCommands } from '../processes.js';
import { payload } from '../sample-events.js';

const INSERT = {
  name: 'insert',
  text: 'INSERT INTO raw_event (id, tenant, type, occurred_at, recorded_at, data) VALUES ($1, $2, $3, $4, $4, $5)',
};

let pool;

/** An outbox row by hand: BEGIN, one prepared INSERT, COMMIT. */
async function insert(number) {
  const client = await pool.connect();
  await client.query('BEGIN');
  const values = [randomUUID(), 'bench', 'invoice.paid', Date.now(), JSON.stringify(payload(number))];
  await client.query({ ...INSERT, values });
  await client.query('COMMIT');
  client.release();
}

async function run({ count, publishers }) {
  const begin = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < count) await insert(next++);
  };
  await Promise.all(Array.from({ length: publishers }, worker));
  return { count, ms: performance.now() - begin };
}

serveCommands({
  start: async ({ url }) => {
    // As many as TypeORM's own pool has.
    pool = new pg.Pool({ connectionString: url, max: 10 });
    await pool.query(`CREATE TABLE raw_event (ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE,
      tenant text NOT NULL, type text NOT NULL, occurred_at bigint NOT NULL, recorded_at bigint NOT NULL, data text)`);
  },
  run,
});
