import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AppendNotifier } from '../log/append-notifier.js';
import type { EventStore, Position } from '../log/event-store.js';
import { EVENT_STORE } from '../signpost-options.js';
import { LogWatcher } from './log-watcher.js';

/** Watches the log of this process: woken after commits, and by the end of the application. */
@Injectable()
export class AppendLogWatcher extends LogWatcher implements OnModuleDestroy {
  private readonly closing = new AbortController();

  constructor(
    @Inject(AppendNotifier) private readonly appended: AppendNotifier,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {
    super();
  }

  async waitForAppend(tenant: string, after: Position, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        stopListening();
        signal.removeEventListener('abort', end);
        this.closing.signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      const stopListening = this.appended.listen(end);
      signal.addEventListener('abort', end);
      this.closing.signal.addEventListener('abort', end);
      // Listening first, then looking: an event committed between the reader's page and this call is not slept over.
      this.store.bounds(tenant).then(
        ({ head }) => {
          if (head > after) end();
        },
        () => undefined,
      );
    });
  }

  onModuleDestroy(): void {
    this.closing.abort();
  }
}
