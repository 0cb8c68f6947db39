import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { reply, takeOver, type Answer, type AnswerText } from './reply.js';

/**
 * Answers with parts that are made while they are sent, never faster than the client takes them, so that a long answer
 * needs the memory of one part. A single part goes out as a plain answer with its length. What fails before the first
 * part is an error as any other; later the connection is cut, which is all that HTTP has to say that an answer is not whole.
 */
export async function replyInParts(
  response: unknown,
  { status, headers }: Omit<Answer, 'body'>,
  parts: AsyncIterator<AnswerText>,
): Promise<void> {
  const first = await parts.next();
  const second = first.done ? first : await parts.next();
  if (second.done) return reply(response, { status, headers, body: first.done ? '' : first.value });

  const raw = takeOver(response);
  try {
    raw.writeHead(status, headers);
    await write(raw, first.value);
    for (
      let part: IteratorResult<AnswerText, unknown> = second;
      !part.done && !raw.destroyed;
      part = await parts.next()
    )
      await write(raw, part.value);
    raw.end();
  } finally {
    await parts.return?.();
    if (!raw.writableEnded) raw.destroy();
  }
}

async function write(raw: ServerResponse, part: AnswerText): Promise<void> {
  for (const text of typeof part === 'string' ? [part] : part) if (!raw.destroyed) await writeText(raw, text);
}

async function writeText(raw: ServerResponse, text: string): Promise<void> {
  if (raw.write(text) || raw.destroyed) return;
  const gone = new AbortController();
  try {
    await Promise.race([once(raw, 'drain', { signal: gone.signal }), once(raw, 'close', { signal: gone.signal })]);
  } finally {
    gone.abort();
  }
}
