import { HEADER, MEDIA_TYPE } from '../../protocol/headers.js';
import type { Auth } from './auth.js';
import { type Authorization, isSendable } from './authorization.js';
import { parseTokenUrl, type Target } from './base-url.js';
import { assertionProof, basicCredentials, formEncoded, type Prove } from './client-proof.js';
import { withDeadline } from './deadline.js';
import {
  ForbiddenError,
  InvalidArgumentError,
  RateLimitedError,
  RedirectRefusedError,
  UnauthorizedError,
  UnavailableError,
  UnexpectedAnswerError,
} from './errors.js';
import type { HttpAnswer, HttpTransport } from './http-transport.js';
import { mediaTypeOf, parseJson } from './json-answer.js';
import { retryAfterMs } from './retry-after.js';

type ClientCredentials = Extract<Auth, { clientId: string }>;

interface Token {
  value: string;
  /** When to ask for another, in Unix ms. */
  renewAt: number;
}

const NAME = 'The token request';
const TOKEN_BYTES = 64 * 1_024;
/** A token is renewed this long before its end, so that none expires on its way; a short-lived one at half its life. */
const MARGIN_MS = 30_000;
/** Of a token whose answer does not say; RFC 6749 only recommends that it does. */
const UNSTATED_LIFE_SECONDS = 300;
/** RFC 6749, section 5.2: `error` is a code of these characters, not a text. */
const ERROR_CODE = /^[a-z_]{1,40}$/;

/** Access tokens by client credentials (RFC 6749, section 4.4), kept until shortly before they expire. */
export class OAuthTokens implements Authorization {
  private readonly target: Target;
  private readonly prove: Prove;
  /** What no error may show; a private key is nowhere but in its own object. */
  private readonly kept: readonly string[];
  private token: Token | undefined;
  private flight: Promise<Token> | undefined;

  /** @throws InvalidArgumentError */
  constructor(
    auth: ClientCredentials,
    base: Target,
    private readonly transport: HttpTransport,
    private readonly timeoutMs: number,
    private readonly now: () => number,
  ) {
    const { clientId, tokenUrl } = auth;
    if (typeof clientId !== 'string' || clientId === '') throw new InvalidArgumentError('clientId', 'is missing');
    this.target =
      tokenUrl === undefined
        ? { origin: base.origin, path: `${base.path}/oauth/token` }
        : parseTokenUrl(tokenUrl, 'tokenUrl');
    if ('privateKey' in auth && auth.privateKey !== undefined) {
      this.prove = assertionProof(auth, `${this.target.origin}${this.target.path}`);
      this.kept = [];
      return;
    }
    const { clientSecret } = auth as Extract<Auth, { clientSecret: string }>;
    if (typeof clientSecret !== 'string' || clientSecret === '') {
      throw new InvalidArgumentError('clientSecret', 'is missing');
    }
    const basic = basicCredentials(clientId, clientSecret);
    this.prove = () => ({ headers: { authorization: `Basic ${basic}` }, parameters: {} });
    this.kept = [clientSecret, formEncoded(clientSecret), basic];
  }

  async header(signal: AbortSignal): Promise<string> {
    if (this.token && this.now() < this.token.renewAt) return `Bearer ${this.token.value}`;
    // Nobody would take the error of a request that is begun for whoever has given up already.
    signal.throwIfAborted();
    // One request for all who wait, with a deadline of its own: one of them giving up does not end it for the others.
    this.flight ??= this.renew().finally(() => (this.flight = undefined));
    const { flight } = this;
    const { value } = await withDeadline(Infinity, signal, () => flight);
    return `Bearer ${value}`;
  }

  refused(value: string): boolean {
    // Only the token that was refused: another call may have brought a newer one meanwhile.
    if (value === `Bearer ${this.token?.value}`) this.token = undefined;
    return true;
  }

  secrets(): readonly string[] {
    return [...this.kept, this.token?.value ?? ''];
  }

  private async renew(): Promise<Token> {
    const asked = this.now();
    const { headers, parameters } = this.prove(asked);
    const answer = await this.transport.send({
      ...this.target,
      name: NAME,
      method: 'POST',
      headers: {
        accept: MEDIA_TYPE.json,
        ...headers,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString(),
      maxBytes: TOKEN_BYTES,
      timeoutMs: this.timeoutMs,
      signal: new AbortController().signal,
    });
    if (answer.status !== 200) throw this.failure(answer);
    this.token = tokenIn(answer, asked);
    return this.token;
  }

  private failure({ status, headers, body }: HttpAnswer): Error {
    const details = { status, retryAfterMs: retryAfterMs(headers[HEADER.retryAfter], this.now()) };
    const { error } = (parseJson(body) ?? {}) as { error?: unknown };
    const code = typeof error === 'string' && ERROR_CODE.test(error) ? `, ${error}` : '';
    const what = `${NAME} was answered ${status}${code}`;
    if (status === 429) return new RateLimitedError(what, details);
    if (status >= 500) return new UnavailableError('unavailable', what, details);
    if (status === 400 || status === 401) {
      return new UnauthorizedError(`${what}: check clientId, clientSecret or privateKey, and tokenUrl`, { status });
    }
    if (status === 403) return new ForbiddenError(what, { status });
    if (status >= 300 && status < 400) {
      return new RedirectRefusedError(`${what}: redirects are not followed; set tokenUrl to where it leads`, {
        status,
      });
    }
    return new UnexpectedAnswerError(`${what}: check tokenUrl`, { status });
  }
}

/** RFC 6749, section 5.1. */
function tokenIn({ status, headers, body }: HttpAnswer, asked: number): Token {
  const answer = mediaTypeOf(headers) === MEDIA_TYPE.json ? parseJson(body) : undefined;
  const { access_token: value, token_type: type, expires_in: stated } = (answer ?? {}) as Record<string, unknown>;
  if (!isSendable(value) || typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new UnexpectedAnswerError(`${NAME}: the answer holds no bearer token; check tokenUrl`, { status });
  }
  const seconds = typeof stated === 'number' && stated >= 0 ? stated : UNSTATED_LIFE_SECONDS;
  const life = seconds * 1_000;
  return { value, renewAt: asked + Math.max(life - MARGIN_MS, life / 2) };
}
