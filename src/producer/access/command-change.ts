import type { DataSource } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';
import { numbered } from './bounded-look.js';
import { endChange, insertChange, type ChangeTables, type Statement } from './change-statements.js';

/** What a command sets about. */
export interface CommandChange<Result> {
  /** Such as `master-key.rotate`. */
  action: string;
  target: string;
  /** How many values were changed. */
  countOf(result: Result): number;
}

/**
 * Runs a change that is made from the command line, beside the nodes and without one, and leaves its row. As with `ChangeLog` the row is durable before
 * the change begins, and what cannot be noted is not done: a change of many transactions has none that the row could be part of.
 */
export async function auditedCommand<Result>(
  dataSource: DataSource,
  { action, target, countOf }: CommandChange<Result>,
  change: () => Promise<Result>,
): Promise<Result> {
  const tables = tablesOf(dataSource);
  const row = { action, target, actorKind: 'cli', actorId: null, actorName: null } as const;
  const unknown = { receiver: null, fields: null, status: null, address: null };
  const [begun] = await run<{ ordinal: number }[]>(
    dataSource,
    insertChange(tables, { at: Date.now(), ...row, ...unknown }),
  );
  if (!begun) throw new Error('INSERT … RETURNING answered with no row');
  const end = (status: number, count: number | null) =>
    run(dataSource, endChange(tables, begun.ordinal, { status, count, target: null, receiver: null, fields: null }));
  let result: Result;
  try {
    result = await change();
  } catch (error) {
    // The row says that it was tried; what went wrong is what must be heard of.
    await end(500, null).catch(() => undefined);
    throw error;
  }
  await end(200, countOf(result));
  return result;
}

function tablesOf({ options }: DataSource): ChangeTables {
  const named = (table: string) => inSchema(options, `signpost_${table}`);
  return { change: named('change'), endpoint: named('endpoint'), credential: named('credential') };
}

function run<Answer>(dataSource: DataSource, { text, values }: Statement): Promise<Answer> {
  const sql = dataSource.options.type === 'postgres' ? numbered(text) : text;
  return dataSource.query<Answer>(sql, values);
}
