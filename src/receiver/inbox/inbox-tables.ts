import type { DataSource } from 'typeorm';

/** The inbox's tables as SQL names them. */
export interface InboxTables {
  inbox: string;
  cursor: string;
}

/** On PostgreSQL in the DataSource's `schema`, where its entities are looked for; without one, the connection's search path decides. */
export function inboxTables({ options }: Pick<DataSource, 'options'>): InboxTables {
  return {
    inbox: inInboxSchema(options, 'signpost_inbox'),
    cursor: inInboxSchema(options, 'signpost_inbox_cursor'),
  };
}

export function inInboxSchema(options: DataSource['options'], table: string): string {
  const schema = options.type === 'postgres' ? options.schema : undefined;
  return schema === undefined ? table : `"${schema.replaceAll('"', '""')}".${table}`;
}
