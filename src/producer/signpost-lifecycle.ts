import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { SqliteTurns } from '../database/sqlite-turns.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { AppendNotifier } from './log/append-notifier.js';
import { Retention } from './log/retention.js';
import type { ResolvedOptions } from './options-validation.js';
import { SignalSender } from './signal/signal-sender.js';
import { SIGNPOST_OPTIONS, SQLITE_TURNS } from './signpost-options.js';

/**
 * Starts what runs by itself once the application stands, and ends it while the database is still there: TypeORM closes
 * the connection in `onApplicationShutdown`, so everything that writes is drained before.
 */
@Injectable()
export class SignpostLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(SIGNPOST_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(SQLITE_TURNS) private readonly turns: SqliteTurns,
    @Inject(AppendNotifier) private readonly appended: AppendNotifier,
    @Inject(Dispatcher) private readonly dispatcher: Dispatcher,
    @Inject(Retention) private readonly retention: Retention,
    @Inject(SignalSender) private readonly sender: SignalSender,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.options.dispatching) return;
    this.stopListening = this.appended.listen(this.dispatcher.notify);
    this.dispatcher.start();
    this.retention.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopListening?.();
    await Promise.all([this.dispatcher.stop(), this.retention.stop()]);
    await this.sender.close();
    await this.turns.drain();
  }
}
