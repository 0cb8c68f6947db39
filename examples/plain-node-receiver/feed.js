import { itemTexts, memberText } from './raw-json.js';

const PAGE_SIZE = 100;
const ANSWER_WITHIN_MS = 30_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/** An answer that is no page, with its problem (RFC 9457). */
class FeedError extends Error {
  constructor(status, problem, retryAfterSeconds) {
    super(`The feed answered ${status}: ${problem.title ?? 'no problem details'}`);
    this.retryAfterMs = retryAfterSeconds * 1000;
  }
}

/** Reads the feed from the journal's cursor to its end, again and again: on a signal, at start, on a timer. */
export class Feed {
  #wanted = false;
  #draining = false;
  #pauseMs = FIRST_PAUSE_MS;

  /**
   * @param {object} settings
   * @param {string} settings.url the producer's base URL: from our configuration, never from a signal
   * @param {string} settings.apiKey `sp_…`
   * @param {import('./journal.js').Journal} settings.journal
   * @param {(what: string, details: object) => void} settings.log
   */
  constructor({ url, apiKey, journal, log }) {
    this.url = url;
    this.apiKey = apiKey;
    this.journal = journal;
    this.log = log;
  }

  /** Something may be there. Cheap; a call during a drain makes it look once more at the end. */
  wake() {
    this.#wanted = true;
    if (!this.#draining) void this.#drain();
  }

  async #drain() {
    this.#draining = true;
    while (this.#wanted) {
      this.#wanted = false;
      try {
        while (await this.#page());
        this.#pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        await this.#waitAfter(error);
        this.#wanted = true;
      }
    }
    this.#draining = false;
  }

  async #waitAfter(error) {
    // Nothing is lost: the cursor stands where it stood.
    this.log('feed unavailable', { reason: error.cause?.code ?? error.message });
    await new Promise((resolve) => setTimeout(resolve, Math.max(this.#pauseMs, error.retryAfterMs ?? 0)));
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** Fetches and stores one page. Asking with the cursor of the page before is what acknowledges that one. */
  async #page() {
    const page = await this.#ask(this.journal.cursor);
    const events = itemTexts(memberText(page.text, 'events')).map((text, index) => ({
      id: page.events[index].id,
      type: page.events[index].type,
      text,
    }));
    if (events.length > 0)
      this.log('fetched', { events: events.map(({ id, type }) => ({ id, type })), bytes: page.text.length });
    // Stored first, acknowledged by the next request: a crash in between means a page twice, never a page lost.
    if (page.cursor !== this.journal.cursor) {
      const { stored, repeated } = await this.journal.append(events, page.cursor);
      if (events.length > 0) this.log('stored', { stored, repeated, total: this.journal.size });
    }
    return events.length > 0 || page.more;
  }

  async #ask(after) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(after && { after }) });
    const response = await fetch(`${this.url}/v1/events?${query}`, {
      headers: { authorization: `Bearer ${this.apiKey}`, accept: 'application/json' },
      // A redirect could carry the key to somebody else.
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const text = await response.text();
    if (response.ok) return { ...JSON.parse(text), text };
    const problem = text.startsWith('{') ? JSON.parse(text) : {};
    if (problem.oldest) {
      // Away for longer than the producer keeps events: go on, and let a person find out what was missed.
      this.log('events were missed', { detail: problem.detail });
      return { events: [], text: '{"events":[]}', cursor: problem.oldest, more: true };
    }
    throw new FeedError(response.status, problem, Number(response.headers.get('retry-after') ?? 0));
  }
}
