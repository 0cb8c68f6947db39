import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { lookThrough, sqliteSelect, type Look } from './bounded-look.js';
import type { ChangeEnd, ChangeFilter, ChangeRow, ChangeRows, StoredChangeRow } from './change-rows.js';
import { changeLook, endChange, insertChange, pruneChanges, type ChangeTables } from './change-statements.js';

const TABLES: ChangeTables = {
  change: 'signpost_change',
  endpoint: 'signpost_endpoint',
  credential: 'signpost_credential',
};

/** Administrative changes on SQLite. */
export class SqliteChangeRows implements ChangeRows {
  constructor(private readonly turns: SqliteTurns) {}

  insert(row: ChangeRow): Promise<number> {
    return this.turns.step('audit of changes', () => {
      const { text, values } = insertChange(TABLES, row);
      const inserted = this.turns.prepare<unknown[], { ordinal: number }>(text).get(...values);
      if (!inserted) throw new Error('INSERT … RETURNING answered with no row');
      return inserted.ordinal;
    });
  }

  async end(ordinal: number, end: ChangeEnd): Promise<void> {
    await this.turns.step('audit of changes', () => {
      const { text, values } = endChange(TABLES, ordinal, end);
      this.turns.prepare(text).run(...values);
    });
  }

  look(filter: ChangeFilter, before: number, limit: number): Promise<Look<StoredChangeRow>> {
    const select = sqliteSelect(this.turns);
    return lookThrough(select, changeLook(TABLES, filter), { before, limit, since: filter.since });
  }

  prune(before: number, limit: number): Promise<number> {
    const { text, values } = pruneChanges(TABLES, before, limit);
    return this.turns.step('prune changes', () => this.turns.prepare(text).run(...values).changes);
  }
}
