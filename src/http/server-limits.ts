import type { Server } from 'node:http';

/** What one connection, and all of them together, may take. Times are ms. */
export interface ServerLimits {
  /** Until all headers of a request have arrived. Default 15,000. */
  headersTimeoutMs?: number;
  /** Until a request has arrived whole. Default 30,000. */
  requestTimeoutMs?: number;
  /** A connection over which no byte goes for this long is closed: a client that does not read its answer, or nothing at all. Longer than a long poll. Default 60,000. */
  idleTimeoutMs?: number;
  /** A connection without a request is kept for this long. Default 5,000. */
  keepAliveTimeoutMs?: number;
  /** Headers of one request; what is more is cut off. Default 100. */
  maxHeaders?: number;
  /** Requests of one connection; then it is closed, so that load spreads anew. Default 10,000. */
  maxRequestsPerConnection?: number;
  /** Connections at once; what is more is closed at once. Default 10,000. */
  maxConnections?: number;
}

/**
 * Limits of Node's own server that slow or greedy clients run into, whatever framework is on it. Node's defaults leave some of them open: a
 * client that never reads its answer holds it in memory for ever. How large headers may be altogether is said when a server is made
 * (`maxHeaderSize`, 16 KiB by default), and how often slow clients are looked for as well (`connectionsCheckingInterval`, 30 s by default).
 */
export function limitServer(server: Server, limits: ServerLimits = {}): void {
  server.headersTimeout = limits.headersTimeoutMs ?? 15_000;
  server.requestTimeout = limits.requestTimeoutMs ?? 30_000;
  // Without a listener for the time-out, Node destroys the connection.
  server.timeout = limits.idleTimeoutMs ?? 60_000;
  server.keepAliveTimeout = limits.keepAliveTimeoutMs ?? 5_000;
  server.maxHeadersCount = limits.maxHeaders ?? 100;
  server.maxRequestsPerSocket = limits.maxRequestsPerConnection ?? 10_000;
  server.maxConnections = limits.maxConnections ?? 10_000;
}
