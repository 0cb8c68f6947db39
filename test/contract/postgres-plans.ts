import type { PostgresClient } from '../../src/database/postgres-session.js';
import { PostgresEngine } from '../../src/database/postgres-engine.js';

export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

export function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Explains, within the same transaction and undone, what the engine sends; then sends it. */
export class ExplainingEngine extends PostgresEngine {
  readonly plans: PlanNode[] = [];

  override async rows<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    await this.connections.use((client) => this.explain(client, [], text, values));
    return super.rows<Row>(text, values);
  }

  override async script(statements: readonly string[]) {
    const [last, ...before] = [...statements].reverse();
    await this.connections.use((client) => this.explain(client, before.reverse(), last ?? '', []));
    return super.script(statements);
  }

  private async explain(client: PostgresClient, before: readonly string[], text: string, values: readonly unknown[]) {
    await client.query('BEGIN');
    try {
      for (const statement of before) await client.query(statement);
      const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
      for (const row of rows as { 'QUERY PLAN': [{ Plan: PlanNode }] }[]) this.plans.push(row['QUERY PLAN'][0].Plan);
    } finally {
      await client.query('ROLLBACK');
    }
  }
}
