import { Agent, type Dispatcher } from 'undici';
import { SIGNPOST_VERSION } from '../../protocol/version.js';
import { DeadlineError, withDeadline } from './deadline.js';
import {
  ClientClosedError,
  ResponseTooLargeError,
  SignpostClientError,
  UnavailableError,
  UnexpectedAnswerError,
} from './errors.js';

export interface TransportOptions {
  /** Connections to one origin. */
  connections: number;
  /** Size of an answer's headers, in bytes. */
  maxHeaderBytes: number;
}

export interface HttpRequest {
  /** What a message calls it, such as `GET /v1/events`. */
  name: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  origin: string;
  /** Path and query, as they go into the request line. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
  /** Size of a good answer's body, in bytes. */
  maxBytes: number;
  /** Whole time of this try, in ms. */
  timeoutMs: number;
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

/** TCP and TLS, in ms. */
const CONNECT_MS = 10_000;
/** Of an answer that is no success; a problem is far shorter. */
const ERROR_BODY_BYTES = 64 * 1_024;

/**
 * One request, one answer: HTTP/1.1 on connections of our own. Follows no redirect, decodes no content, keeps no cookie, and
 * reads no more than it was told to.
 */
export class HttpTransport {
  private readonly agent: Agent;

  constructor({ connections, maxHeaderBytes }: TransportOptions) {
    this.agent = new Agent({
      connections,
      pipelining: 1,
      allowH2: false,
      connect: { timeout: CONNECT_MS },
      maxHeaderSize: maxHeaderBytes,
      // The deadline covers them, and a long poll is longer than any default; a dripping body would outlive `bodyTimeout`.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * @throws UnavailableError `network`, `timeout`; ResponseTooLargeError; UnexpectedAnswerError if it is no HTTP; the reason of the
   * request's signal
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await withDeadline(request.timeoutMs, request.signal, (signal) => this.exchange(request, signal));
    } catch (error) {
      // Whoever aborts gets the reason that they gave.
      request.signal.throwIfAborted();
      throw failureOf(error, request);
    }
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    await this.agent.destroy(new ClientClosedError());
  }

  private async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, origin, path, body = null } = request;
    const {
      statusCode,
      headers,
      body: stream,
    } = await this.agent.request({
      method,
      origin,
      path,
      body,
      headers: {
        ...request.headers,
        'accept-encoding': 'identity',
        'user-agent': `Signpost-Client/${SIGNPOST_VERSION}`,
      },
      signal,
    });
    const isSuccess = statusCode >= 200 && statusCode < 300;
    const chunks = await read(stream, isSuccess ? request.maxBytes : ERROR_BODY_BYTES);
    if (chunks === undefined && isSuccess) {
      throw new ResponseTooLargeError(`${request.name}: the answer has more than ${request.maxBytes} bytes`, {
        status: statusCode,
      });
    }
    return { status: statusCode, headers, body: chunks ?? Buffer.alloc(0) };
  }
}

/** undefined: there was more than the limit; the connection is gone, since the rest is on it. */
async function read(stream: Dispatcher.ResponseData['body'], limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function failureOf(error: unknown, { name, timeoutMs }: HttpRequest): unknown {
  if (error instanceof SignpostClientError) return error;
  if (error instanceof DeadlineError) {
    return new UnavailableError('timeout', `${name}: no whole answer within ${timeoutMs} ms`);
  }
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new ResponseTooLargeError(`${name}: the headers of the answer are too large`, { cause: error });
  }
  if (code === 'HTTPParserError' || code.startsWith('HPE_')) {
    // Without the cause: the parser's error carries the bytes that it stumbled over, and they may be a payload.
    return new UnexpectedAnswerError(`${name}: the answer is not HTTP/1.1 (${code}); is the base URL right?`);
  }
  return new UnavailableError('network', `${name}: the producer could not be reached (${code})`, { cause: error });
}

function codeOf(error: unknown): string {
  // By shape: under a test runner, errors of the system come from another realm and are no instances of our Error.
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'unknown';
}
