// Another process that locks the database file: `node sqlite-lock-holder.mjs <file>`.
// Prints "locked" once it holds the write lock; each line on standard input releases or takes it again.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3');
const db = new BetterSqlite3(process.argv[2], { timeout: 5_000 });
db.exec('BEGIN EXCLUSIVE');
process.stdout.write('locked\n');
createInterface({ input: process.stdin }).on('line', () => {
  db.exec(db.inTransaction ? 'COMMIT' : 'BEGIN EXCLUSIVE');
  process.stdout.write(db.inTransaction ? 'locked\n' : 'released\n');
});
process.stdin.on('end', () => process.exit(0));
