/**
 * Rows as one JSON parameter, `$parameter`, and the SELECT that takes them apart again, column by column of `types`. A list of `VALUES` with a
 * parameter for each value is read and planned anew each time: for 500 rows of 19 columns that took twice as long, on both sides.
 * Name the columns in the list of a CTE, and let that be MATERIALIZED.
 */
export function jsonRows(
  types: readonly string[],
  rows: readonly (readonly unknown[])[],
  parameter = 1,
): { sql: string; value: string } {
  const columns = types.map((type, column) => `(r ->> ${column})::${type}`);
  return {
    // The planner expects a hundred elements of any array, and would rather read a table than look so many rows up.
    sql: `SELECT ${columns.join(', ')} FROM json_array_elements($${parameter}::json) AS r LIMIT ${rows.length}`,
    value: JSON.stringify(rows),
  };
}
