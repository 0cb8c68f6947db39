import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { CredentialId } from '../../protocol/ids.js';
import type { ProducerDatabase } from '../producer-database.js';
import { PRODUCER_DATABASE } from '../signpost-options.js';
import { USED_KINDS, type UsedKind, type Uses } from './key-uses.js';

/** Nobody needs the last use to the second, and a write for each request would cost more than the request. */
const INTERVAL_MS = 60_000;
/** Keys remembered between two writes; one more writes at once. */
const MOST_PENDING = 10_000;

/** When each key was last used, written about once a minute. A crash forgets a minute of it. */
@Injectable()
export class LastUsed implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Signpost');
  private pending: Uses = nothing();
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(PRODUCER_DATABASE) private readonly database: Pick<ProducerDatabase, 'keyUses' | 'runOutside'>) {}

  touch(kind: UsedKind, id: CredentialId, now: number): void {
    const pending = this.pending[kind];
    pending.set(id, now);
    if (this.timer === undefined) {
      // The timer may be started by a request inside somebody's transaction, which is long over when it fires.
      this.timer = this.database.runOutside(() => setTimeout(() => void this.flushQuietly(), INTERVAL_MS)).unref();
    }
    if (pending.size > MOST_PENDING) this.database.runOutside(() => void this.flushQuietly());
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const used = this.pending;
    this.pending = nothing();
    if (USED_KINDS.every((kind) => used[kind].size === 0)) return;
    await this.database.keyUses.write(used);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flushQuietly();
  }

  private async flushQuietly(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.logger.warn(`Last uses of keys were not written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function nothing(): Uses {
  return { credential: new Map(), admin_key: new Map() };
}
