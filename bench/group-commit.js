/**
 * Steps that are asked for in the same turn of the event loop share one durable transaction. What somebody who cares for speed
 * writes by hand; the baselines have it so that the comparison is one of designs, not of fsyncs.
 */
export class GroupCommit {
  #waiting = [];
  #scheduled = false;

  /** @param {import('better-sqlite3').Database} db */
  constructor(db) {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    this.commit = db.transaction((steps) => steps.map(({ work }) => work()));
  }

  /**
   * @template T
   * @param {() => T} work
   * @returns {Promise<T>} resolves when it is durable
   */
  step(work) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  #flush() {
    this.#scheduled = false;
    const steps = this.#waiting;
    this.#waiting = [];
    try {
      const results = this.commit(steps);
      steps.forEach(({ resolve }, at) => resolve(results[at]));
    } catch (error) {
      for (const { reject } of steps) reject(error);
    }
  }
}
