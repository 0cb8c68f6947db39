/** Counts what the receiver reports, over all of its lives: what it forgets when it is killed is remembered here. */
export class Tally {
  /** Signals that arrived and verified. */
  signals = 0;
  /** Of those, how many had arrived before. */
  repeatedSignals = 0;
  /** Events that arrived from the feed, each time they did. */
  fetched = 0;
  /** Of those, how many had arrived before. */
  repeatedEvents = 0;
  /** Requests without a valid signature. */
  refused = 0;
  /** Distinct events that the receiver says it has stored. */
  stored = 0;

  /** Called once, with the next page that arrives. */
  onNextPage = () => {};

  #signalIds = new Set();
  #eventIds = new Set();

  /** @param {string} id @returns {boolean} whether it had arrived before */
  signal(id) {
    const again = this.#signalIds.has(id);
    this.#signalIds.add(id);
    this.signals += 1;
    if (again) this.repeatedSignals += 1;
    return again;
  }

  /** @param {{ id: string }[]} events @returns {number} how many of them had arrived before */
  events(events) {
    this.onNextPage();
    this.onNextPage = () => {};
    let repeats = 0;
    for (const { id } of events) {
      if (this.#eventIds.has(id)) repeats += 1;
      this.#eventIds.add(id);
    }
    this.fetched += events.length;
    this.repeatedEvents += repeats;
    return repeats;
  }
}
