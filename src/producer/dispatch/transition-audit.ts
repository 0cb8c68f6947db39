/**
 * The statement that leaves a row in the audit of changes of each endpoint in `endpoints`, a table or query with `id`, `receiver_id` and `reason`
 * as they are after the decision: `endpoint.verified`, `.gone`, `.failing`, `.unverified`. It belongs in the transaction of the decision, so that
 * neither is without the other. `now`: the SQL of a time in Unix ms.
 */
export function noteDecisions(change: string, now: string, endpoints: string): string {
  return `INSERT INTO ${change} (at, actor_kind, action, target, receiver_id, status)
    SELECT ${now}, 'system', 'endpoint.' || coalesce(reason, 'verified'), id, receiver_id, 200 FROM ${endpoints}`;
}
