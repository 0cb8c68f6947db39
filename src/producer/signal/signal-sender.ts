import type { SignalId } from '../../protocol/ids.js';
import type { PreparedSecret } from '../../protocol/secrets.js';
import type { AttemptResult } from './attempt.js';
import type { TargetGuard } from './target-guard.js';

export type { AttemptOutcome, AttemptResult, ErrorCategory } from './attempt.js';

/** One attempt to send a signal. */
export interface SignalRequest {
  readonly url: string;
  readonly id: SignalId;
  /** The bytes on the wire; text goes out as UTF-8. */
  readonly body: string | Buffer;
  /** All of them sign. */
  readonly secrets: readonly PreparedSecret[];
  readonly traceparent?: string;
  /** The endpoint's own headers, checked with `checkCustomHeader`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives the attempt up; its result is `aborted`. */
  readonly signal?: AbortSignal;
}

export interface SenderOptions {
  guard: TargetGuard;
  version: string;
}

export class SignalSender {
  constructor(readonly options: SenderOptions) {}

  send(request: SignalRequest): Promise<AttemptResult> {
    return Promise.reject(new Error(`not yet: ${request.id}`));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
