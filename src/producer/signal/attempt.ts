/**
 * Why an attempt failed, as much as the endpoint's owner may know: never what the other side said (it would show an attacker
 * what answers inside the network), never an address.
 */
export type ErrorCategory =
  /** The name could not be resolved, or not in time. */
  | 'dns'
  /** The URL or an address behind its name is none that may be signalled. */
  | 'target_refused'
  | 'connect_refused'
  | 'connect_unreachable'
  | 'connect_timeout'
  /** The other side closed the connection before it had answered. */
  | 'connect_reset'
  /** The handshake failed or the certificate is not to be trusted. */
  | 'tls'
  /** Connected, but no answer in time. */
  | 'timeout'
  | 'headers_too_large'
  /** The answer is not HTTP/1.1. */
  | 'protocol'
  | 'http_redirect'
  | 'http_client_error'
  | 'http_server_error'
  | 'http_rate_limited'
  | 'http_gone'
  /** Answered with 2xx, but the challenge was not repeated. */
  | 'challenge_failed'
  /** Never sent: other signals held all the slots, as a rule those of the same origin, for the whole time. */
  | 'busy'
  /** Never sent: no secret that signs, or a header that an endpoint may not set. */
  | 'unsendable'
  /** The caller gave up; says nothing about the endpoint. */
  | 'aborted';

export type AttemptOutcome = 'acknowledged' | 'gone' | 'failed';

/** What became of one attempt to send a signal. */
export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  /** HTTP status, where there was an answer. */
  readonly status: number | null;
  /** From taking a connection slot to the response headers or the failure, in ms; whole numbers. */
  readonly latencyMs: number;
  /** Null when acknowledged. */
  readonly category: ErrorCategory | null;
  /** How long the receiver asks to be left alone, in ms, 24 h at most; from 429 and 503 only. */
  readonly retryAfterMs: number | null;
}

/** What a status code says of a signal (docs/protocol, the receiver's answer). */
export function judge(status: number): { outcome: AttemptOutcome; category: ErrorCategory | null } {
  if (status >= 200 && status < 300) return { outcome: 'acknowledged', category: null };
  if (status === 410) return { outcome: 'gone', category: 'http_gone' };
  return { outcome: 'failed', category: categoryOfStatus(status) };
}

function categoryOfStatus(status: number): ErrorCategory {
  if (status === 429) return 'http_rate_limited';
  if (status >= 300 && status < 400) return 'http_redirect';
  if (status >= 400 && status < 500) return 'http_client_error';
  return 'http_server_error';
}
