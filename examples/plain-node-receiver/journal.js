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
  /** @type {string | undefined} where to go on reading; undefined: from the beginning */
  cursor;

  /**
   * Opens the file, or makes it, and reads how far it goes.
   * @param {string} path
   */
  static async open(path) {
    const journal = new Journal();
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    journal.#file = await open(path, 'a');
    // What stands behind the last cursor is a page that a crash cut off; it was never acknowledged and will come again.
    const whole = text.slice(0, text.lastIndexOf('\n', text.lastIndexOf('{"cursor":')) + 1);
    await journal.#file.truncate(journal.#replay(text, whole.length));
    await syncDirectory(dirname(path));
    return journal;
  }

  /** Events stored so far. */
  get size() {
    return this.#seen.size;
  }

  /**
   * Stores a page; resolves when it would survive a power failure. Leaves out events that are there already.
   * @param {ReceivedEvent[]} events
   * @param {string} cursor
   * @returns {Promise<{ stored: number, repeated: number }>}
   */
  async append(events, cursor) {
    const fresh = events.filter((event) => !this.#seen.has(event.id));
    const lines = [...fresh, { cursor }].map((entry) => `${JSON.stringify(entry)}\n`);
    await this.#file.appendFile(lines.join(''));
    await this.#file.datasync();
    for (const { id } of fresh) this.#seen.add(id);
    this.cursor = cursor;
    return { stored: fresh.length, repeated: events.length - fresh.length };
  }

  /** @param {string} text @param {number} end @returns {number} bytes that count */
  #replay(text, end) {
    const lastLine = text.indexOf('\n', end);
    const valid = lastLine === -1 ? '' : text.slice(0, lastLine + 1);
    for (const line of valid.split('\n')) {
      if (line === '') continue;
      const entry = JSON.parse(line);
      if (entry.cursor) this.cursor = entry.cursor;
      else this.#seen.add(entry.id);
    }
    return Buffer.byteLength(valid);
  }
}

/** Without this, a power failure may take the new file's name away, though not its content. */
async function syncDirectory(path) {
  const directory = await open(path, 'r');
  await directory.sync();
  await directory.close();
}
