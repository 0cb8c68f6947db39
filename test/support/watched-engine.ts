import type { PostgresResult } from '../../src/database/postgres-session.js';
import { PostgresEngine } from '../../src/database/postgres-engine.js';

/** The engine, with something that happens before the statements of which a test looks out for one. */
export class WatchedEngine extends PostgresEngine {
  before: (text: string, values: readonly unknown[]) => Promise<void> = () => Promise.resolve();

  override async rows<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    await this.before(text, values);
    return super.rows<Row>(text, values);
  }

  override async script(statements: readonly string[]): Promise<PostgresResult[]> {
    for (const text of statements) await this.before(text, []);
    return super.script(statements);
  }
}
