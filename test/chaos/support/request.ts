/** Of every process under test. */
export const ADMIN_KEY = 'chaos-admin-key-0123456789';

export interface Reply {
  status: number;
  body: unknown;
  /** Seconds, if the answer asks to come again. */
  retryAfter: string | null;
}

export interface RequestContent {
  /** An admin key or an API key; none where nobody asks for one. */
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Undefined when there was no answer, because nobody serves or the process died meanwhile. */
export async function request(
  url: string,
  method: string,
  path: string,
  { key, body, headers = {} }: RequestContent,
): Promise<Reply | undefined> {
  const authorized = { ...headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: body === undefined ? authorized : { ...authorized, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const retryAfter = answer.headers.get('retry-after');
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), retryAfter };
  } catch (error) {
    // What `fetch` throws when the connection is refused or cut; anything else is a bug of the test.
    if ((error as Error).name === 'TypeError') return undefined;
    throw error;
  }
}
