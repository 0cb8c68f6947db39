/**
 * The part that is the same in every framework: the feed is read into a table, page and cursor in one transaction, whenever there may
 * be something: at the start, after a signal, and once a minute, in case a signal got lost.
 */
import Database from 'better-sqlite3';
import { SignpostClient } from 'nestjs-signpost/client';

const { SIGNPOST_URL = 'http://127.0.0.1:3000', SIGNPOST_API_KEY = '', SIGNPOST_SIGNING_SECRET = '' } = process.env;
const { INBOX = './inbox.db', DRAIN_EVERY_MS = '60000' } = process.env;

/** What signals are verified with. */
export const secrets = SIGNPOST_SIGNING_SECRET;

const db = new Database(INBOX);
db.exec(`CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, type TEXT NOT NULL, data TEXT NOT NULL, handled INTEGER NOT NULL DEFAULT 0);
         CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL)`);
const insert = db.prepare('INSERT INTO inbox (id, type, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
const move = db.prepare('INSERT INTO place VALUES (1, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor');
const storePage = db.transaction(({ events, cursor }) => {
  for (const { id, type, data } of events) insert.run(id, type, JSON.stringify(data));
  move.run(cursor);
});

const client = new SignpostClient({ url: SIGNPOST_URL, apiKey: SIGNPOST_API_KEY });

let wanted = false;
let draining = false;

async function drain() {
  draining = true;
  while (wanted) {
    wanted = false;
    const after = db.prepare('SELECT cursor FROM place').pluck().get();
    // Asking for the next page is what acknowledges this one, so it is stored first.
    for await (const page of client.pages({ after, limit: 500, follow: false })) storePage(page);
  }
}

/** There may be something to read. Returns at once. */
export function wake() {
  wanted = true;
  if (draining) return;
  drain()
    .catch((error) => console.error(`The feed cannot be read now: ${error.message}`))
    .finally(() => (draining = false));
}

wake();
setInterval(wake, Number(DRAIN_EVERY_MS)).unref();
