import type { IncomingMessage, ServerResponse } from 'node:http';
import { MEDIA_TYPE } from '../protocol/headers.js';
import { problem, type ProblemCode } from '../protocol/problem.js';

/** What a route of the fake producer answers. */
export interface FakeAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON; undefined: no body. */
  body?: unknown;
  /** Begun once the answer is out. */
  afterwards?: () => void;
}

/** A problem as the real fetch API words it. */
export function problemAnswer(
  code: ProblemCode,
  detail?: string,
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): FakeAnswer {
  const body = problem(code, detail, extra);
  return { status: body.status, headers: { 'content-type': MEDIA_TYPE.problem, ...headers }, body };
}

/** @param cut breaks the connection off in the middle of the body */
export function sendAnswer(
  response: ServerResponse,
  { status, headers = {}, body, afterwards }: FakeAnswer,
  cut: boolean,
): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  const type = body === undefined ? {} : { 'content-type': MEDIA_TYPE.json };
  if (afterwards) response.once('close', afterwards);
  response.writeHead(status, { ...type, ...headers, 'content-length': Buffer.byteLength(text) });
  if (!cut) response.end(text);
  else response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

/** The body of a request, whole. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The body as a JSON object; undefined if it is none. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
