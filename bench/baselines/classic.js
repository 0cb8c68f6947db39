import Database from 'better-sqlite3';
import { createSecretKey, randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { GroupCommit } from '../group-commit.js';
import { serveCommands } from '../processes.js';
import { publishAll } from '../sample-events.js';
import { signedHeaders } from '../signed-post.js';

/** Deliveries claimed at once; a further claim is made when fewer are in flight, so that the connections never run dry. */
const CLAIM = 500;
const LEASE_MS = 60_000;

const SCHEMA = `
  CREATE TABLE event (ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, data TEXT);
  CREATE TABLE delivery (ordinal INTEGER PRIMARY KEY, event INTEGER REFERENCES event, state TEXT, due_at INTEGER, attempt INTEGER);
  CREATE INDEX delivery_due ON delivery (due_at) WHERE state = 'waiting'`;

let group;
let statements;
let pool;
let key;
let inFlight = 0;
let settling = [];
let claiming = false;
let wanted = false;

function prepare(db) {
  return {
    event: db.prepare('INSERT INTO event (id, type, data) VALUES (?, ?, ?)'),
    delivery: db.prepare(`INSERT INTO delivery (event, state, due_at, attempt) VALUES (?, 'waiting', ?, 0)`),
    due: db.prepare(`SELECT d.ordinal, e.id, e.type, e.data FROM delivery d JOIN event e ON e.ordinal = d.event
      WHERE d.state = 'waiting' AND d.due_at <= ? ORDER BY d.due_at LIMIT ${CLAIM}`),
    lease: db.prepare('UPDATE delivery SET due_at = ?, attempt = attempt + 1 WHERE ordinal = ?'),
    done: db.prepare(`UPDATE delivery SET state = 'done' WHERE ordinal = ?`),
  };
}

async function publish(events) {
  await group.step(() => {
    const now = Date.now();
    for (const { type, data } of events) {
      const { lastInsertRowid } = statements.event.run(randomUUID(), type, JSON.stringify(data));
      statements.delivery.run(lastInsertRowid, now);
    }
  });
  void claim();
}

async function claim() {
  wanted = true;
  if (claiming) return;
  claiming = true;
  // Asked for again meanwhile: what was published last may have missed the claim that was under way.
  while (wanted && inFlight < CLAIM) {
    wanted = false;
    const rows = await group.step(lease);
    inFlight += rows.length;
    for (const row of rows) void deliver(row);
  }
  claiming = false;
}

function lease() {
  const now = Date.now();
  const due = statements.due.all(now);
  for (const { ordinal } of due) statements.lease.run(now + LEASE_MS, ordinal);
  return due;
}

async function deliver({ ordinal, id, type, data }) {
  const body = `{"id":"${id}","type":"${type}","data":${data}}`;
  const answer = await pool.request({ method: 'POST', path: '/', headers: signedHeaders(key, id, body), body });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`The receiver answered ${answer.statusCode}`);
  settling.push(ordinal);
  // While one batch is being written, the next one grows.
  if (settling.length === 1) setImmediate(settle);
}

async function settle() {
  const batch = settling;
  settling = [];
  await group.step(() => batch.forEach((ordinal) => statements.done.run(ordinal)));
  inFlight -= batch.length;
  void claim();
}

serveCommands({
  start: ({ file, port, secret, connections }) => {
    const db = new Database(file);
    group = new GroupCommit(db);
    db.exec(SCHEMA);
    statements = prepare(db);
    key = createSecretKey(Buffer.from(secret, 'base64'));
    pool = new Pool(`http://127.0.0.1:${port}`, { connections });
  },
  publish: (total) => publishAll(total, publish),
});
