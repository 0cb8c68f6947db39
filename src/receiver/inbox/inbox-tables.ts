import type { DataSource } from 'typeorm';
import { inSchema } from '../../database/schema-name.js';

/** The inbox's tables as SQL names them. */
export interface InboxTables {
  inbox: string;
  cursor: string;
}

/** On PostgreSQL in the DataSource's `schema`, where its entities are looked for; without one, the connection's search path decides. */
export function inboxTables({ options }: Pick<DataSource, 'options'>): InboxTables {
  return {
    inbox: inSchema(options, 'signpost_inbox'),
    cursor: inSchema(options, 'signpost_inbox_cursor'),
  };
}
