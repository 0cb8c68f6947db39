/** PostgreSQL's driver hands out a bigint as text; what Signpost keeps in one stays far below 2^53. */
export const bigintAsNumber = {
  to: (value: unknown): unknown => value,
  from: (value: string | number | null): number | null => (value === null ? null : Number(value)),
};
