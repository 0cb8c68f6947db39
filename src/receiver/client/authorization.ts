import type { Auth } from './auth.js';
import { DeadlineError, withDeadline } from './deadline.js';
import { AccessTokenError, InvalidArgumentError } from './errors.js';

/** What goes into the `Authorization` header. */
export interface Authorization {
  /** The header's value. */
  header(signal: AbortSignal): Promise<string>;
  /** The producer answered 401 to this value. True: `header` may give a better one now. */
  refused(value: string): boolean;
  /** Texts that no error message may show. */
  secrets(): readonly string[];
}

/** RFC 9110, section 5.5, without the white space: what a credential in a header can be. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** Whether the text can stand in a header as it is. */
export function isSendable(text: unknown): text is string {
  return typeof text === 'string' && VISIBLE_ASCII.test(text);
}

/** @throws InvalidArgumentError unless there is exactly one form of credential, and it is well-formed */
export function requireOneForm(auth: Partial<Record<keyof AnyAuth, unknown>>): void {
  const forms = [auth.apiKey, auth.clientId ?? auth.clientSecret ?? auth.privateKey, auth.accessToken];
  if (forms.filter((form) => form !== undefined).length !== 1) {
    throw new InvalidArgumentError(
      'The credential',
      'is one of apiKey, clientId with clientSecret or privateKey, and accessToken; give exactly one of them',
    );
  }
  if (auth.clientSecret !== undefined && auth.privateKey !== undefined) {
    throw new InvalidArgumentError(
      'The credential',
      'has both clientSecret and privateKey; give the one that is registered',
    );
  }
}

type AnyAuth = {
  apiKey: string;
  clientId: string;
  clientSecret: string;
  privateKey: unknown;
  tokenUrl: string;
  accessToken: () => string;
};

/** An API key: always the same. */
export function apiKeyAuthorization({ apiKey }: Extract<Auth, { apiKey: string }>): Authorization {
  if (!isSendable(apiKey)) {
    throw new InvalidArgumentError('apiKey', 'is empty or has white space in it; was a line break copied along?');
  }
  const value = `Bearer ${apiKey}`;
  return { header: () => Promise.resolve(value), refused: () => false, secrets: () => [apiKey] };
}

/** Tokens that the application obtains by itself, asked for with every request. */
export function accessTokenAuthorization(
  { accessToken }: Extract<Auth, { accessToken: unknown }>,
  timeoutMs: number,
): Authorization {
  if (typeof accessToken !== 'function') {
    throw new InvalidArgumentError('accessToken', 'is not a function; give apiKey if it never changes');
  }
  let last = '';
  return {
    async header(signal) {
      last = await obtained(accessToken, timeoutMs, signal);
      return `Bearer ${last}`;
    },
    refused: () => true,
    secrets: () => [last],
  };
}

async function obtained(
  accessToken: () => string | Promise<string>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  let token: unknown;
  try {
    token = await withDeadline(timeoutMs, signal, async () => accessToken());
  } catch (cause) {
    signal.throwIfAborted();
    const what = cause instanceof DeadlineError ? `gave no token within ${timeoutMs} ms` : 'threw';
    throw new AccessTokenError(`The function given as accessToken ${what}`, { cause });
  }
  if (isSendable(token)) return token;
  throw new AccessTokenError('The function given as accessToken gave no token: it must be text without white space');
}
