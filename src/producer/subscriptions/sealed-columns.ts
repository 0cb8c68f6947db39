import { sealContext } from './sealing.js';

/** A column that holds sealed values: where it is, and what each value is bound to. */
export interface SealedColumn {
  /** Without the prefix. */
  table: string;
  column: string;
  /** The table's primary key: text or a number. */
  key: string;
  /** The column with the id that the value is bound to. */
  owner: string;
  context(owner: string): string;
}

/**
 * Every column that is sealed under the master key. What is missing here would be lost with the former key when the key is rotated; a test compares it
 * with the tables.
 */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'endpoint', column: 'url_sealed', key: 'id', owner: 'id', context: (id) => sealContext(id, 'url') },
  { table: 'endpoint', column: 'auth_sealed', key: 'id', owner: 'id', context: (id) => sealContext(id, 'auth') },
  {
    table: 'endpoint_secret',
    column: 'sealed',
    key: 'id',
    owner: 'endpoint_id',
    context: (endpoint) => sealContext(endpoint, 'secret'),
  },
  {
    table: 'signing_key',
    column: 'sealed',
    key: 'kid',
    owner: 'kid',
    context: (kid) => sealContext(kid, 'signing-key'),
  },
];
