import type { PostgresEngine } from '../../database/postgres-engine.js';
import { lookThrough, numbered, postgresSelect, type Look } from './bounded-look.js';
import type { ChangeEnd, ChangeFilter, ChangeRow, ChangeRows, StoredChangeRow } from './change-rows.js';
import { changeLook, endChange, insertChange, pruneChanges, type ChangeTables } from './change-statements.js';

/** Administrative changes on PostgreSQL. */
export class PostgresChangeRows implements ChangeRows {
  private readonly tables: ChangeTables;

  constructor(private readonly engine: PostgresEngine) {
    this.tables = {
      change: engine.table('change'),
      endpoint: engine.table('endpoint'),
      credential: engine.table('credential'),
    };
  }

  async insert(row: ChangeRow): Promise<number> {
    const { text, values } = insertChange(this.tables, row);
    const [inserted] = await this.engine.rows<{ ordinal: number }>(numbered(text), values);
    if (!inserted) throw new Error('INSERT … RETURNING answered with no row');
    return inserted.ordinal;
  }

  async end(ordinal: number, end: ChangeEnd): Promise<void> {
    const { text, values } = endChange(this.tables, ordinal, end);
    // Saying it twice does no harm.
    await this.engine.rowsAgain(numbered(text), values);
  }

  look(filter: ChangeFilter, before: number, limit: number): Promise<Look<StoredChangeRow>> {
    const select = postgresSelect(this.engine);
    return lookThrough(select, changeLook(this.tables, filter), { before, limit, since: filter.since });
  }

  prune(before: number, limit: number): Promise<number> {
    const { text, values } = pruneChanges(this.tables, before, limit);
    return this.engine.change(numbered(text), values);
  }
}
