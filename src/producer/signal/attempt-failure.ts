import type { ErrorCategory } from './attempt.js';

/** By the `code` of an error of ours, of undici or of the system. */
const CATEGORY_OF_CODE: Readonly<Record<string, ErrorCategory>> = {
  dns_failed: 'dns',
  dns_timeout: 'dns',
  target_refused: 'target_refused',
  connect_timeout: 'connect_timeout',
  tls_failed: 'tls',
  bad_custom_header: 'unsendable',
  bad_secret: 'unsendable',
  bad_id: 'unsendable',
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'connect_unreachable',
  ENETUNREACH: 'connect_unreachable',
  EHOSTDOWN: 'connect_unreachable',
  EADDRNOTAVAIL: 'connect_unreachable',
  EACCES: 'connect_unreachable',
  EPERM: 'connect_unreachable',
  connection_lost: 'connect_reset',
  ECONNRESET: 'connect_reset',
  EPIPE: 'connect_reset',
  UND_ERR_SOCKET: 'connect_reset',
  UND_ERR_HEADERS_OVERFLOW: 'headers_too_large',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
};

/** undici has one code for a connection that the other side closed and for one that it closed itself over an answer out of place. */
const OUT_OF_PLACE = /^bad /;

/** The category of what went wrong before there was a status. What is not known is the other side's protocol. */
export function categoryOfError(error: unknown): ErrorCategory {
  // By shape: under a test runner, errors of the system come from another realm and are no instances of our Error.
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'UND_ERR_SOCKET' && OUT_OF_PLACE.test(String(message))) return 'protocol';
  // The parser's errors have codes of their own, too many to list.
  return (typeof code === 'string' ? CATEGORY_OF_CODE[code] : undefined) ?? 'protocol';
}
