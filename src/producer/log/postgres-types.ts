/** A fragment of a WHERE clause, and what to bind to it. Empty `sql` admits everything. */
export interface PostgresTypeCondition {
  sql: string;
  values: string[][];
}

/** Admits a type that every one of `lists` admits. `first` is the number of the first parameter. Patterns are of `[a-zA-Z0-9_.*]`. */
export function postgresTypeCondition(
  lists: readonly (readonly string[])[],
  column: string,
  first: number,
): PostgresTypeCondition {
  const values: string[][] = [];
  let sql = '';
  for (const patterns of lists) {
    if (patterns.includes('*')) continue;
    const prefixes = patterns.filter((pattern) => pattern.endsWith('.*'));
    const exact = values.push(patterns.filter((pattern) => !pattern.endsWith('.*'))) + first - 1;
    // In LIKE an underscore stands for any character.
    const like = values.push(prefixes.map((pattern) => `${pattern.slice(0, -1).replaceAll('_', '\\_')}%`)) + first - 1;
    sql += ` AND (${column} = ANY ($${exact}::text[]) OR ${column} LIKE ANY ($${like}::text[]))`;
  }
  return { sql, values };
}
