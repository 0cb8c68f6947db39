import Database from 'better-sqlite3';
import { GroupCommit } from '../group-commit.js';

/** A receiver's own store of events, as both ways need it: each event once, durable before anybody is told. */
export class Inbox {
  #count;
  #awaited;

  constructor(file) {
    const db = new Database(file);
    this.group = new GroupCommit(db);
    db.exec(`CREATE TABLE IF NOT EXISTS inbox (ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, data TEXT);
      CREATE TABLE IF NOT EXISTS place (only INTEGER PRIMARY KEY CHECK (only = 1), cursor TEXT)`);
    this.insert = db.prepare('INSERT INTO inbox (id, type, data) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING');
    this.moveCursor = db.prepare(
      'INSERT INTO place VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET cursor = excluded.cursor',
    );
    this.#count = db.prepare('SELECT count(*) FROM inbox').pluck().get();
  }

  /**
   * @param {{ id: string, type: string, data: unknown }[]} events
   * @param {string} [cursor] the place behind the last of them, stored with them
   */
  async store(events, cursor) {
    const added = await this.group.step(() => {
      let changes = 0;
      for (const { id, type, data } of events) changes += this.insert.run(id, type, JSON.stringify(data)).changes;
      if (cursor !== undefined) this.moveCursor.run(cursor);
      return changes;
    });
    this.#count += added;
    if (this.#awaited && this.#count >= this.#awaited.total) this.#awaited.resolve();
  }

  /** Resolves when that many different events are on disk. */
  reaches(total) {
    if (this.#count >= total) return undefined;
    return new Promise((resolve) => {
      this.#awaited = { total, resolve };
    });
  }
}
