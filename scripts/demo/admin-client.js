import { setTimeout as pause } from 'node:timers/promises';

const ANSWER_WITHIN_MS = 5_000;
const GIVE_UP_AFTER_MS = 30_000;
const PAUSE_MS = 100;
/** Killing a process between a commit and its answer is a matter of luck, so some answers are thrown away as well. */
const FORGETFUL_EVERY = 40;

/** What a producer in any language does: HTTP, and the same request again when the answer does not come. */
export class AdminClient {
  /** Events whose publishing was sent again, because no answer came or because it was thrown away. */
  repeated = 0;
  /** Of those, how many turned out to be there already. */
  alreadyThere = 0;
  #published = 0;

  /** @param {string} url @param {string} key */
  constructor(url, key) {
    this.url = url;
    this.key = key;
  }

  /** Resolves once the service answers that it is ready. */
  async ready() {
    await this.#persist(() => fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }));
  }

  /** @param {string} path @param {object} body */
  async create(path, body) {
    return this.#json(await this.#send('POST', path, JSON.stringify(body)), 201);
  }

  /** @param {string} path */
  async get(path) {
    return this.#json(await this.#send('GET', path), 200);
  }

  /**
   * Publishes a payload as it is, under its own idempotency key: whether a lost answer was a yes does not matter.
   * @param {import('./payloads.js').Payload} payload
   * @returns {Promise<string>} the event's id
   */
  async publish({ key, type, subject, text }) {
    // Put together as text: parsing the payload and writing it again would no longer be the same bytes.
    const body = `{"type":${JSON.stringify(type)},"subject":${JSON.stringify(subject)},"data":${text}}`;
    const send = () => this.#send('POST', '/admin/v1/events', body, { 'idempotency-key': key });
    let { response, again } = await this.#persist(send);
    this.#published += 1;
    if (this.#published % FORGETFUL_EVERY === 0) {
      await response.text();
      ({ response } = await this.#persist(send));
      again = true;
    }
    if (again) this.repeated += 1;
    if (response.status === 200) this.alreadyThere += 1;
    return (await this.#json(response, 201, 200)).id;
  }

  #send(method, path, body, headers = {}) {
    return fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  }

  /** Until there is an answer other than "not now". `again`: it took more than one request. */
  async #persist(request) {
    const deadline = Date.now() + GIVE_UP_AFTER_MS;
    for (let again = false; ; again = true) {
      let fault;
      try {
        const response = await request();
        if (response.status !== 503) return { response, again };
        fault = new Error(`503: ${await response.text()}`);
      } catch (error) {
        fault = error;
      }
      if (Date.now() > deadline) throw new Error('The service does not answer', { cause: fault });
      await pause(PAUSE_MS);
    }
  }

  /** @param {Response} response @param {...number} expected */
  async #json(response, ...expected) {
    const text = await response.text();
    if (!expected.includes(response.status)) throw new Error(`${response.url} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }
}
