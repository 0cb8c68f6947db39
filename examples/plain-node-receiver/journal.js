import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * @typedef {object} ReceivedEvent
 * @property {string} id
 * @property {string} type
 * @property {string} text the event as JSON text, exactly as it was received
 */

/**
 * Events and the place in the feed, in one append-only file: a line for each event, then one with the cursor behind them. A page
 * counts once its cursor line is there, so events and cursor are stored together or not at all. A real receiver would use
 * its database: a unique key on the event id, and the cursor in the same transaction.
 */
export class Journal {
  #file;
  #seen = new Set();
  /** Bytes of the file that count. */
  #end = 0;
  /** @type {string | undefined} where to go on reading; undefined: from the beginning */
  cursor;

  /**
   * Opens the file, or makes it, and reads how far it goes.
   * @param {string} path
   */
  static async open(path) {
    const journal = new Journal();
    journal.#file = await open(path, 'a+');
    journal.#replay(await readFile(path, 'utf8'));
    await journal.#file.truncate(journal.#end);
    await syncDirectory(dirname(path));
    return journal;
  }

  /** Events stored so far. */
  get size() {
    return this.#seen.size;
  }

  /**
   * Stores a page, without the events that are there already; resolves when it would survive a power failure.
   * @param {ReceivedEvent[]} events
   * @param {string} cursor
   * @returns {Promise<{ stored: number, repeated: number }>}
   */
  async append(events, cursor) {
    const fresh = events.filter((event) => !this.#seen.has(event.id));
    const bytes = Buffer.from([...fresh, { cursor }].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    try {
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
    } catch (error) {
      // Half a page must not stand between two whole ones.
      await this.#file.truncate(this.#end);
      throw error;
    }
    this.#end += bytes.length;
    for (const { id } of fresh) this.#seen.add(id);
    this.cursor = cursor;
    return { stored: fresh.length, repeated: events.length - fresh.length };
  }

  /** Lets go of the file. */
  async close() {
    await this.#file.close();
  }

  /** What stands behind the last cursor is a page that a crash cut off: never acknowledged, so it comes again. */
  #replay(text) {
    let position = 0;
    let page = [];
    for (const line of text.split('\n').slice(0, -1)) {
      position += Buffer.byteLength(line) + 1;
      const entry = parsed(line);
      if (!entry) return;
      if (!entry.cursor) page.push(entry.id);
      else {
        for (const id of page) this.#seen.add(id);
        page = [];
        this.cursor = entry.cursor;
        this.#end = position;
      }
    }
  }
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Without this, a power failure may take away a new file's name, though not its content. */
async function syncDirectory(path) {
  const directory = await open(path, 'r');
  await directory.sync();
  await directory.close();
}
