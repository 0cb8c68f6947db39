/** Something of the application's took too long. */
export class LateAnswerError extends Error {
  readonly code = 'late_answer';

  constructor(ms: number) {
    super(`No answer within ${ms} ms`);
    this.name = 'LateAnswerError';
  }
}

/**
 * What `ask` answers, if that is within `ms`; then its signal aborts, and this rejects with `LateAnswerError`. What it answers later is
 * of no interest. Without a timer where the answer is there at once.
 */
export async function answerInTime<T>(ms: number, ask: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const controller = new AbortController();
  const answer = ask(controller.signal);
  if (!isThenable(answer)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new LateAnswerError(ms);
      // Rejected first: whoever minds the signal may throw in answer to it.
      reject(error);
      controller.abort(error);
    }, ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
