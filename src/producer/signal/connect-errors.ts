/** No connection within the budget. */
export class ConnectTimeoutError extends Error {
  readonly code = 'connect_timeout';

  constructor() {
    super('The connection was not established in time');
    this.name = 'ConnectTimeoutError';
  }
}

/** The other side closed the connection as soon as it was made. */
export class ConnectionLostError extends Error {
  readonly code = 'connection_lost';

  constructor() {
    super('The connection was closed while it was being established');
    this.name = 'ConnectionLostError';
  }
}

/** The TLS handshake failed; `cause` says how. */
export class TlsHandshakeError extends Error {
  readonly code = 'tls_failed';

  constructor(options?: ErrorOptions) {
    super('The TLS handshake failed', options);
    this.name = 'TlsHandshakeError';
  }
}
