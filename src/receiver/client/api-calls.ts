import { MEDIA_TYPE } from '../../protocol/headers.js';
import type { Auth } from './auth.js';
import { accessTokenAuthorization, apiKeyAuthorization, type Authorization, requireOneForm } from './authorization.js';
import { parseBaseUrl, type Target } from './base-url.js';
import { resolveTuning, type ResolvedTuning, type SignpostClientOptions } from './client-options.js';
import { errorOfAnswer } from './error-of-answer.js';
import { ClientClosedError, InvalidArgumentError, UnexpectedAnswerError } from './errors.js';
import { type HttpAnswer, HttpTransport } from './http-transport.js';
import { mediaTypeOf, parseJson } from './json-answer.js';
import { OAuthTokens } from './oauth-tokens.js';
import { withRetries } from './retries.js';

export interface ApiCall<T> {
  /** What a message calls it, without what varies, such as `GET /v1/events/{id}`. */
  name: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Behind the base URL, escaped. */
  path: string;
  query?: URLSearchParams;
  body?: unknown;
  /** Status of success. */
  expected: 200 | 201 | 204;
  /** Size of a good answer's body, in bytes. */
  maxBytes: number;
  /** How long the producer may let it wait, in ms. */
  waitMs?: number;
  /** False: it may only be done once, so it is not tried again. */
  repeatable?: boolean;
  eventId?: string;
  signal?: AbortSignal | undefined;
  /** Checks the shape of the answer's JSON (undefined with 204) and answers what the caller gets; undefined: it is not what it should be. */
  read(json: unknown): T | undefined;
}

/** Calls of the fetch API: authenticated, tried again where that is safe, their answers checked. */
export class ApiCalls {
  readonly tuning: ResolvedTuning;
  private readonly base: Target;
  private readonly transport: HttpTransport;
  private readonly authorization: Authorization;
  private readonly underWay = new Set<AbortController>();
  private closed = false;

  /** @throws InvalidArgumentError */
  constructor(options: SignpostClientOptions) {
    this.tuning = resolveTuning(options);
    if (typeof options.url !== 'string') throw new InvalidArgumentError('url', 'is missing: where the fetch API is');
    this.base = parseBaseUrl(options.url, 'url');
    this.transport = new HttpTransport(this.tuning);
    this.authorization = this.authorizationBy(options);
  }

  /** @throws SignpostClientError, or the reason of the call's signal */
  async call<T>(call: ApiCall<T>): Promise<T> {
    return this.within(call.signal, (signal) => {
      const policy = call.repeatable === false ? { ...this.tuning, tries: 1 } : this.tuning;
      return withRetries(policy, signal, () => this.attempt(call, signal));
    });
  }

  /** Waits as between two tries; ended by `close`. */
  async pause(ms: number, outer: AbortSignal | undefined): Promise<void> {
    await this.within(outer, (signal) => this.tuning.sleep(ms, signal));
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const controller of this.underWay) controller.abort(new ClientClosedError());
    await this.transport.close();
  }

  /** With a signal that aborts when `outer` does or the client is closed. Not AbortSignal.any: a long-lived `outer` would gather them. */
  private async within<T>(outer: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.closed) throw new ClientClosedError();
    outer?.throwIfAborted();
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(outer?.reason);
    outer?.addEventListener('abort', onAbort, { once: true });
    this.underWay.add(controller);
    try {
      return await work(controller.signal);
    } finally {
      this.underWay.delete(controller);
      outer?.removeEventListener('abort', onAbort);
    }
  }

  private async attempt<T>(call: ApiCall<T>, signal: AbortSignal): Promise<T> {
    const first = await this.authorization.header(signal);
    let answer = await this.send(call, first, signal);
    // Once: a token may have been revoked or its key replaced before its time.
    if (answer.status === 401 && this.authorization.refused(first)) {
      const second = await this.authorization.header(signal);
      if (second !== first) answer = await this.send(call, second, signal);
    }
    return this.result(call, answer);
  }

  private send(call: ApiCall<unknown>, authorization: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { name, method, path, query, body, maxBytes, waitMs = 0 } = call;
    const search = query === undefined || query.size === 0 ? '' : `?${query.toString()}`;
    return this.transport.send({
      name,
      method,
      origin: this.base.origin,
      path: `${this.base.path}${path}${search}`,
      headers: {
        accept: MEDIA_TYPE.json,
        authorization,
        ...(body === undefined ? {} : { 'content-type': MEDIA_TYPE.json }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      maxBytes,
      timeoutMs: this.tuning.timeoutMs + waitMs,
      signal,
    });
  }

  private result<T>({ name, expected, eventId, read }: ApiCall<T>, answer: HttpAnswer): T {
    const { status, headers, body } = answer;
    if (status !== expected) {
      const secrets = this.authorization.secrets();
      throw errorOfAnswer(answer, { name, eventId, secrets, now: this.tuning.now() });
    }
    // What a proxy compressed in spite of accept-encoding is not decoded: a small answer could become a huge one.
    const isJson =
      mediaTypeOf(headers) === MEDIA_TYPE.json && (headers['content-encoding'] ?? 'identity') === 'identity';
    const result = status === 204 ? read(undefined) : isJson ? read(parseJson(body)) : undefined;
    if (result !== undefined) return result;
    throw new UnexpectedAnswerError(
      `${name} was answered ${status} with something else than the fetch API's JSON; is url the producer's base URL?`,
      { status },
    );
  }

  private authorizationBy(auth: Auth): Authorization {
    requireOneForm(auth);
    const { timeoutMs, now } = this.tuning;
    if ('apiKey' in auth && auth.apiKey !== undefined) return apiKeyAuthorization(auth);
    if ('accessToken' in auth && auth.accessToken !== undefined) return accessTokenAuthorization(auth, timeoutMs);
    return new OAuthTokens(auth as Extract<Auth, { clientId: string }>, this.base, this.transport, timeoutMs, now);
  }
}
