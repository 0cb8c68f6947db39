import type { DataSource } from 'typeorm';

/** A table as SQL names it: on PostgreSQL in the DataSource's `schema`; without one, the connection's search path decides. */
export function inSchema(options: DataSource['options'], table: string): string {
  const schema = options.type === 'postgres' ? options.schema : undefined;
  return schema === undefined ? table : `"${schema.replaceAll('"', '""')}".${table}`;
}
