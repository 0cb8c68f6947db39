/** The database's time in Unix milliseconds: nodes need not agree on theirs. Stable within a statement, so an index can be asked with it. */
export const NOW_MS = 'floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint';
