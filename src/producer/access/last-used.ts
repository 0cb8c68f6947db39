import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { CredentialId } from '../../protocol/ids.js';
import { SQLITE_TURNS } from '../signpost-options.js';

const KINDS = ['credential', 'admin_key'] as const;
export type UsedKind = (typeof KINDS)[number];

/** Nobody needs the last use to the second, and a write for each request would cost more than the request. */
const INTERVAL_MS = 60_000;
/** Keys remembered between two writes; one more writes at once. */
const MOST_PENDING = 10_000;

/** When each key was last used, written about once a minute. A crash forgets a minute of it. */
@Injectable()
export class LastUsed implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Signpost');
  private pending: Record<UsedKind, Map<CredentialId, number>> = nothing();
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(SQLITE_TURNS) private readonly turns: SqliteTurns) {}

  touch(kind: UsedKind, id: CredentialId, now: number): void {
    const pending = this.pending[kind];
    pending.set(id, now);
    if (this.timer === undefined) {
      // The timer may be started by a request inside somebody's transaction, which is long over when it fires.
      this.timer = this.turns.runOutside(() => setTimeout(() => void this.flushQuietly(), INTERVAL_MS)).unref();
    }
    if (pending.size > MOST_PENDING) this.turns.runOutside(() => void this.flushQuietly());
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const used = this.pending;
    this.pending = nothing();
    if (KINDS.every((kind) => used[kind].size === 0)) return;
    await this.turns.step('last used', () => {
      for (const kind of KINDS) {
        const write = this.turns.prepare(
          `UPDATE signpost_${kind} SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?`,
        );
        for (const [id, at] of used[kind]) write.run(at, id);
      }
    });
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

function nothing(): Record<UsedKind, Map<CredentialId, number>> {
  return { credential: new Map(), admin_key: new Map() };
}
