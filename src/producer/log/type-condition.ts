/** A fragment of a WHERE clause over `column` and what to bind to it. Empty `sql` admits everything. */
export interface TypeCondition {
  sql: string;
  parameters: string[];
}

/**
 * Admits a type that every one of `lists` admits. A list goes in as one JSON parameter, so that the statement's text, and with
 * it the prepared statement, stays the same whatever the patterns are. Patterns are of `[a-zA-Z0-9_.*]`: safe for GLOB.
 * The column is qualified: json_each has a `type` of its own.
 */
export function typeCondition(lists: readonly (readonly string[])[], column = 'signpost_event.type'): TypeCondition {
  const parameters: string[] = [];
  let sql = '';
  for (const patterns of lists) {
    if (patterns.includes('*')) continue;
    const exact = patterns.filter((pattern) => !pattern.endsWith('.*'));
    const prefixes = patterns.filter((pattern) => pattern.endsWith('.*'));
    const parts: string[] = [];
    if (exact.length > 0 || prefixes.length === 0) {
      parts.push(`${column} IN (SELECT value FROM json_each(?))`);
      parameters.push(JSON.stringify(exact));
    }
    if (prefixes.length > 0) {
      parts.push(`EXISTS (SELECT 1 FROM json_each(?) AS pattern WHERE ${column} GLOB pattern.value)`);
      parameters.push(JSON.stringify(prefixes));
    }
    sql += ` AND (${parts.join(' OR ')})`;
  }
  return { sql, parameters };
}
