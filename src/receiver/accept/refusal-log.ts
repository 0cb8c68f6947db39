import { Logger } from '@nestjs/common';

const QUIET_MS = 10_000;

/**
 * Says in the log, and nowhere else, why requests were refused. A flood of forged requests must not become a flood of lines: the same
 * reason is told at once and then every ten seconds, with how often it came meanwhile.
 */
export class RefusalLog {
  private readonly logger = new Logger('SignpostReceiver');
  private readonly told = new Map<string, { at: number; more: number }>();

  constructor(
    private readonly producer: string,
    private readonly now: () => number,
  ) {}

  /** @param reason one of few: it is what repeats are told by */
  refused(reason: string, hint: string): void {
    const last = this.told.get(reason);
    if (last && this.now() - last.at < QUIET_MS) {
      last.more += 1;
      return;
    }
    const more = last?.more ? ` (and ${last.more} more since then)` : '';
    this.told.set(reason, { at: this.now(), more: 0 });
    this.logger.warn(`A request to the signal route of ${this.producer} was refused: ${reason}. ${hint}${more}`);
  }
}
