import { promises as dns } from 'node:dns';

/** What answers for names. `dns.promises.Resolver` is one. */
export interface Resolver {
  resolve4(hostname: string): Promise<string[]>;
  resolve6(hostname: string): Promise<string[]>;
}

/** A name gave no address: it does not exist, has none, or nobody answered in time. */
export class NameResolutionError extends Error {
  constructor(
    readonly code: 'dns_failed' | 'dns_timeout',
    options?: ErrorOptions,
  ) {
    super(code === 'dns_timeout' ? 'The name was not resolved in time' : 'The name gave no address', options);
    this.name = 'NameResolutionError';
  }
}

/**
 * Asks name servers directly. Not `dns.lookup`: it runs getaddrinfo in libuv's pool of four threads, so four names whose servers do not
 * answer would hold up every other look-up, and the file system with it. The price: `/etc/hosts` is not read.
 */
export function createResolver(): Resolver {
  // c-ares waits longer with each try, so this ends by itself shortly after the budget of 5 s.
  return new dns.Resolver({ timeout: 2_000, tries: 2 });
}

/**
 * Every address of a name, IPv4 first. One family may fail: what the other gave is enough, since only what was looked at is dialled.
 *
 * @throws NameResolutionError
 */
export async function resolveName(resolver: Resolver, hostname: string, timeoutMs: number): Promise<string[]> {
  const answers = await Promise.allSettled([
    within(timeoutMs, () => resolver.resolve4(hostname)),
    within(timeoutMs, () => resolver.resolve6(hostname)),
  ]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  const timeout = causes.find((cause) => cause instanceof NameResolutionError);
  throw timeout ?? new NameResolutionError('dns_failed', { cause: causes[0] });
}

function within<T>(timeoutMs: number, ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NameResolutionError('dns_timeout')), timeoutMs);
    ask()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
