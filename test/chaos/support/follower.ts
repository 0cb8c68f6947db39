import type { Reply, RequestContent } from './request.js';

export interface FetchedEvent {
  id: string;
  type: string;
  subject: string | null;
  cursor: string;
  data: unknown;
}

/** Who answers; undefined: nobody did. */
export interface Answering {
  request(method: string, path: string, content: RequestContent): Promise<Reply | undefined>;
}

interface FeedPage {
  events: FetchedEvent[];
  cursor: string;
  more: boolean;
}

/** A receiver that follows the feed from its own cursor, over all crashes of the producer, and trusts nothing else. */
export class Follower {
  /** In the order in which the feed gave them out; an event that came twice is here twice. */
  readonly events: FetchedEvent[] = [];
  cursor: string | undefined;

  constructor(
    private readonly producer: Answering,
    readonly apiKey: string,
    private readonly limit = 100,
  ) {}

  /** One page, which moves the cursor; undefined when there was no answer. */
  async page(): Promise<FeedPage | undefined> {
    const after = this.cursor === undefined ? '' : `&after=${this.cursor}`;
    const answer = await this.producer.request('GET', `/v1/events?limit=${this.limit}${after}`, { key: this.apiKey });
    if (!answer) return undefined;
    if (answer.status !== 200) throw new Error(`The feed answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const page = answer.body as FeedPage;
    this.events.push(...page.events);
    this.cursor = page.cursor;
    return page;
  }

  /** Pages until the feed is empty. */
  async drain(): Promise<void> {
    for (let page = await this.page(); page; page = await this.page()) {
      if (page.events.length === 0 && !page.more) return;
    }
  }
}
