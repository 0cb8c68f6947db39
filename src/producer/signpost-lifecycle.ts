import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Dispatcher } from './dispatch/dispatcher.js';
import { AppendNotifier } from './log/append-notifier.js';
import { Erasing } from './log/erasing.js';
import { Retention } from './log/retention.js';
import type { ResolvedOptions } from './options-validation.js';
import { SignalSender } from './signal/signal-sender.js';
import type { ProducerDatabase } from './producer-database.js';
import { PRODUCER_DATABASE, SIGNPOST_OPTIONS } from './signpost-options.js';

/**
 * Starts what runs by itself once the application stands, and ends it while the database is still there: TypeORM closes
 * the connection in `onApplicationShutdown`, so everything that writes is drained before.
 */
@Injectable()
export class SignpostLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private stopListening: (() => void) | undefined;

  constructor(
    @Inject(SIGNPOST_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(PRODUCER_DATABASE) private readonly database: ProducerDatabase,
    @Inject(AppendNotifier) private readonly appended: AppendNotifier,
    @Inject(Dispatcher) private readonly dispatcher: Dispatcher,
    @Inject(Retention) private readonly retention: Retention,
    @Inject(Erasing) private readonly erasing: Erasing,
    @Inject(SignalSender) private readonly sender: SignalSender,
  ) {}

  onApplicationBootstrap(): void {
    // Also where nothing is dispatched: whoever publishes, or waits for events, needs the log to grow.
    this.database.start();
    this.erasing.start();
    if (!this.options.dispatching) return;
    this.stopListening = this.appended.listen(this.dispatcher.notify);
    this.dispatcher.start();
    this.retention.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopListening?.();
    await Promise.all([this.dispatcher.stop(), this.retention.stop(), this.erasing.stop()]);
    await this.sender.close();
    await this.database.stop();
  }

  /** Once everything that still writes while the application ends has done so. */
  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
