/** The time was up. */
export class DeadlineError extends Error {
  readonly code = 'deadline';

  constructor() {
    super('The time was up');
    this.name = 'DeadlineError';
  }
}

/**
 * Runs `work` until the time is up (never, if it is `Infinity`) or `outer` aborts; its signal tells it. Rejects at once in both cases, though the work may need
 * longer to notice: undici, for one, cannot be interrupted while it connects.
 *
 * @throws DeadlineError, the reason of `outer`, or what the work throws
 */
export async function withDeadline<T>(
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const inner = new AbortController();
  let onAbort = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const cut = new Promise<never>((_, reject) => {
    const end = (reason: unknown): void => {
      inner.abort(reason);
      reject(reason);
    };
    onAbort = () => end(outer.reason);
    if (timeoutMs !== Infinity) timer = setTimeout(() => end(new DeadlineError()), timeoutMs);
    outer.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work(inner.signal), cut]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', onAbort);
  }
}
