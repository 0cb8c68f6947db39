/**
 * A CTE that locks the position rows of `v`. Whoever writes several of them locks them in the order of their ids: so nodes wait for each
 * other and do not deadlock. A claim takes rows in another order, and waits for none.
 */
export function lockedInOrder(position: string): string {
  return `locked AS MATERIALIZED (
      SELECT p.endpoint_id FROM ${position} p JOIN v ON v.endpoint_id = p.endpoint_id ORDER BY p.endpoint_id FOR UPDATE OF p)`;
}
