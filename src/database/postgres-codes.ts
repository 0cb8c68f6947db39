/** Begun again, the same work succeeds: serialization_failure and deadlock_detected (PostgreSQL, Appendix A). */
const TRANSIENT = new Set<unknown>(['40001', '40P01']);

// Connection trouble (08), resources: disk full, too many connections (53), shutdown, start-up, a terminated backend (57P), a statement
// that was cancelled for its time (57014), a lock that was not to be had (55P03), a database that takes no connections now (55000), an idle
// transaction that was ended (25P03), a standby or a database set read-only (25006), I/O (58).
const UNAVAILABLE = /^(08\w{3}|53\w{3}|57P0\d|57014|55P03|55000|25P03|25006|58\w{3})$/;
/** System calls on a socket, and name resolution. */
const NETWORK = /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
/** What node-postgres throws without a code, and TypeORM when the connection of a transaction broke between two statements. */
const UNCODED =
  /^(Query runner already released|Database connection provided by a query runner was already released|Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed)/;

/** True if the same work succeeds when it is begun again at once; also of a named error with such a cause. */
export function isTransient(error: unknown): boolean {
  return (
    TRANSIENT.has(codeOf(error)) || TRANSIENT.has(codeOf((error as { cause?: unknown } | null | undefined)?.cause))
  );
}

/** The unique index that refused a row: unique_violation. */
export function violatedIndex(error: unknown): string | undefined {
  if (codeOf(error) !== '23505') return undefined;
  return (error as { constraint?: string }).constraint;
}

/** True of an error of the database's driver if the server could not be asked, or could not do it now. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (typeof code === 'string') return UNAVAILABLE.test(code) || NETWORK.test(code);
  return isConnectionFailure(error);
}

/** True if node-postgres or TypeORM says, in words of its own, that there is no connection. */
export function isConnectionFailure(error: unknown): boolean {
  // Not `instanceof`: the driver may be loaded in another realm.
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return codeOf(error) === undefined && typeof message === 'string' && UNCODED.test(message);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}
