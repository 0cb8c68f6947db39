import { InvalidArgumentError } from './errors.js';

/** Where requests go. */
export interface Target {
  readonly origin: string;
  /** The path without a slash at its end, and the query if one is allowed; what a request line begins with. */
  readonly path: string;
}

/**
 * Reads a base URL: https or http, perhaps with a path that a proxy in front takes away. Plain http shows the credential and the
 * payloads to whoever listens on the way; it is meant for a loopback address or a network that encrypts by itself.
 *
 * @param name the option's name, for the message
 * @throws InvalidArgumentError which never quotes the URL, as something in it may be a secret
 */
export function parseBaseUrl(raw: string, name: string): Target {
  const url = parseUrl(raw, name);
  if (raw.includes('?')) throw new InvalidArgumentError(name, 'has a query; take the ? and what follows out of it');
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') };
}

/** As a base URL, but it is the whole one, so a query may be part of it (RFC 6749, section 3.2). */
export function parseTokenUrl(raw: string, name: string): Target {
  const url = parseUrl(raw, name);
  return { origin: url.origin, path: url.pathname + url.search };
}

function parseUrl(raw: string, name: string): URL {
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new InvalidArgumentError(name, 'is no https or http URL; write it like https://events.example.com');
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError(name, 'has a user name or password in it; give the credential as apiKey, say');
  }
  if (raw.includes('#')) throw new InvalidArgumentError(name, 'has a fragment; take the # and what follows out of it');
  return url;
}
