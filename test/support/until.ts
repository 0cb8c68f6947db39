/** Resolves once `check` returns a truthy value (and with it); rejects with `what` after `deadlineMs`. */
export async function until<T>(
  check: () => T | Promise<T>,
  what = 'the condition',
  deadlineMs = 15_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const value = await check();
    if (value) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
