import { type ListPage, readListPage } from './answers.js';
import type { ApiCalls } from './api-calls.js';
import { UnexpectedAnswerError } from './errors.js';

const PAGE_SIZE = 100;

/** All items of a list, page by page. */
export async function listAll<Item>(
  calls: ApiCalls,
  path: string,
  read: (json: unknown) => Item | undefined,
  signal: AbortSignal | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | null = null;
  for (;;) {
    const query: URLSearchParams = new URLSearchParams({ limit: String(PAGE_SIZE), ...(after !== null && { after }) });
    const page: ListPage<Item> = await calls.call({
      name: `GET ${path}`,
      method: 'GET',
      path,
      query,
      expected: 200,
      maxBytes: calls.tuning.maxEventBytes,
      signal,
      read: (json) => readListPage(json, read),
    });
    items.push(...page.items);
    if (!page.more) return items;
    // It would go on for ever.
    if (page.cursor === null || page.cursor === after) {
      throw new UnexpectedAnswerError(`GET ${path}: there is more, says the answer, but not where`, { status: 200 });
    }
    after = page.cursor;
  }
}
