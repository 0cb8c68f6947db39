import type { EntityManager } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';

/** Nodes that start together must not make a first row each: until the end of the transaction only this one writes. On SQLite there is one. */
export async function excludeOtherNodes(manager: EntityManager, table: string): Promise<void> {
  const { options } = manager.dataSource;
  if (options.type !== 'postgres') return;
  await manager.query(`LOCK TABLE ${inSchema(options, table)} IN SHARE ROW EXCLUSIVE MODE`);
}
