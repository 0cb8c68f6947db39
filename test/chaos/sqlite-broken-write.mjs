// A host whose process may not write files beyond a limit: `node sqlite-broken-write.mjs <compiled src/database> <file>`.
// Prints what became of each write, as one JSON line.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { DataSource, EntitySchema } = createRequire(import.meta.url)('typeorm');
const [, , compiled, database] = process.argv;
const load = (name) => import(pathToFileURL(`${compiled}/${name}.js`).href);
const { installSqliteTurns } = await load('sqlite-connection');
const { isRetryableDatabaseError, sqliteCodeOf } = await load('errors');

const Note = new EntitySchema({
  name: 'note',
  columns: { id: { type: 'text', primary: true }, body: { type: 'text', default: '' } },
});
const dataSource = await new DataSource({
  type: 'better-sqlite3',
  database,
  entities: [Note],
  synchronize: true,
}).initialize();
const turns = installSqliteTurns(dataSource);
// Small enough for SQLite's cache, too large for the write-ahead log: written, and refused, at COMMIT only.
const body = 'x'.repeat(400_000);
const outcome = (work) =>
  work.then(
    () => 'committed',
    (error) => ({ code: sqliteCodeOf(error), retryable: isRetryableDatabaseError(error) }),
  );
const insert = (id, text) => () => void turns.prepare('INSERT INTO note (id, body) VALUES (?, ?)').run(id, text);

let reachedCommit = false;
const transaction = await outcome(
  dataSource.transaction(async (manager) => {
    await manager.insert(Note, { id: 'transaction', body });
    reachedCommit = true;
  }),
);
const steps = await Promise.all([
  outcome(turns.step('a', insert('step-a', 'small'))),
  outcome(turns.step('b', insert('step-b', body))),
]);
const health = turns.health();
const afterwards = [
  await outcome(dataSource.transaction((manager) => manager.insert(Note, { id: 'small' }))),
  await outcome(turns.step('small', insert('small-step', ''))),
];
process.stdout.write(JSON.stringify({ reachedCommit, transaction, steps, health, afterwards }));
