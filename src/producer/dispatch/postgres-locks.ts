/**
 * A CTE that locks the position rows of `v` and has the rows of `v` that it found one for. Whoever writes several of them locks them in
 * the order of their ids: so nodes wait for each other and do not deadlock. A claim takes rows in another order, and waits for none.
 *
 * The statement goes on with `locked` alone. Joined with `v` once more, a planner that has no statistics yet compares each row of the one
 * with each of the other: half a second of the server's CPU for a thousand endpoints, instead of 30 ms.
 */
export function lockedInOrder(position: string): string {
  return `locked AS MATERIALIZED (
      SELECT v.* FROM ${position} p JOIN v ON v.endpoint_id = p.endpoint_id ORDER BY p.endpoint_id FOR UPDATE OF p)`;
}
