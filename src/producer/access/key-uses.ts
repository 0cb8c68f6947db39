import type { PostgresEngine } from '../../database/postgres-engine.js';
import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { CredentialId } from '../../protocol/ids.js';

export const USED_KINDS = ['credential', 'admin_key'] as const;
export type UsedKind = (typeof USED_KINDS)[number];

/** When each key was last used, in Unix ms. */
export type Uses = Readonly<Record<UsedKind, Map<CredentialId, number>>>;

/** The times of last use in the keys' tables. They only grow: another node may have written a later one. */
export interface KeyUses {
  write(uses: Uses): Promise<void>;
}

export class SqliteKeyUses implements KeyUses {
  constructor(private readonly turns: SqliteTurns) {}

  write(uses: Uses): Promise<void> {
    return this.turns.step('last used', () => {
      for (const kind of USED_KINDS) {
        const write = this.turns.prepare(
          `UPDATE signpost_${kind} SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?`,
        );
        for (const [id, at] of uses[kind]) write.run(at, id);
      }
    });
  }
}

export class PostgresKeyUses implements KeyUses {
  constructor(private readonly engine: PostgresEngine) {}

  async write(uses: Uses): Promise<void> {
    for (const kind of USED_KINDS) {
      const used = [...uses[kind]].sort(([a], [b]) => (a < b ? -1 : 1));
      if (used.length === 0) continue;
      await this.engine.rowsAgain(
        `UPDATE ${this.engine.table(kind)} k SET last_used_at = greatest(k.last_used_at, u.at)
         FROM unnest($1::text[], $2::bigint[]) AS u (id, at) WHERE k.id = u.id`,
        [used.map(([id]) => id), used.map(([, at]) => at)],
      );
    }
  }
}
