/**
 * A list of rows for `VALUES`, and their parameters: faster than arrays or JSON. `types` are those of the columns; the first parameter
 * is `$first`.
 */
export function valuesList(
  types: readonly string[],
  rows: readonly (readonly unknown[])[],
  first = 1,
): { sql: string; values: unknown[] } {
  let next = first;
  // The types of the first row are the list's.
  const sql = rows
    .map((_, row) => `(${types.map((type) => (row === 0 ? `$${next++}::${type}` : `$${next++}`)).join(', ')})`)
    .join(', ');
  return { sql, values: rows.flat() };
}
