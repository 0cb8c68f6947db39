import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';

const TIMEOUT_MS = 5_000;
/** How long keys are kept, and how soon a token with an unknown key may have them fetched again. */
const CACHE_MS = 600_000;
const COOLDOWN_MS = 30_000;
/** Between two attempts while the issuer does not answer: whoever sends tokens must not make us call it for each. */
const PAUSE_MS = 5_000;
/** Of the whole answer; a key set has a few kilobytes. */
const LARGEST_SET = 262_144;

/** The issuer's keys cannot be had now: whether a token is good cannot be said. */
export class IssuerUnavailableError extends Error {
  readonly code = 'issuer_unavailable';

  constructor(url: string, options?: ErrorOptions) {
    super(`The keys at ${url} cannot be fetched`, options);
    this.name = 'IssuerUnavailableError';
  }
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * The public keys of an issuer, fetched when they are needed, with bounds on time, size and number of attempts.
 *
 * Rejects with `IssuerUnavailableError` when they cannot be had, and with jose's `JWKSNoMatchingKey` when the key is not among them.
 */
export function remoteKeys(url: string, now: () => number, send: Fetch = fetch): JWTVerifyGetKey {
  let failed: { at: number; cause: unknown } | undefined;
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: CACHE_MS,
    [customFetch]: async (address, init) => bounded(await send(address, init)),
  });
  return async (header, token) => {
    const pausing = failed !== undefined && now() - failed.at >= 0 && now() - failed.at < PAUSE_MS;
    const kept = pausing ? keys.fresh && keys.jwks() : undefined;
    if (kept === false) throw new IssuerUnavailableError(url, { cause: failed?.cause });
    try {
      // During a pause those that are there serve on; for another one nobody is asked.
      const key = await (kept ? createLocalJWKSet(kept) : keys)(header, token);
      if (!kept) failed = undefined;
      return key;
    } catch (cause) {
      if (!kept && isAnswer(cause)) throw cause;
      if (!kept) failed = { at: now(), cause };
      throw new IssuerUnavailableError(url, { cause });
    }
  };
}

/** The set was there, and says no. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

async function bounded(answer: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // Leaving the loop cancels the rest.
    if (size > LARGEST_SET) throw new RangeError(`The key set has more than ${LARGEST_SET} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: answer.status, headers: answer.headers });
}
