import type { SqliteTurns } from '../../database/sqlite-turns.js';
import type { EndpointId } from '../../protocol/ids.js';
import { RULE_COLUMNS, RulesCache, rulesOf, type EndpointRules, type RuleRow } from './endpoint-rules.js';

const READ = `SELECT ${RULE_COLUMNS}
  FROM signpost_endpoint e JOIN signpost_receiver r ON r.id = e.receiver_id WHERE e.id = ?`;

/** Rules of endpoints, read once for each version of an endpoint's configuration. */
export class SqliteEndpointRules {
  private readonly cache = new RulesCache();

  constructor(private readonly turns: SqliteTurns) {}

  /** Call within a turn, with the version that the same turn read: then it is never out of date. */
  read(endpoint: EndpointId, version: number): EndpointRules {
    const known = this.cache.get(endpoint, version);
    if (known) return known;
    const rules = rulesOf(this.turns.prepare(READ).get(endpoint) as RuleRow);
    this.cache.put(endpoint, rules);
    return rules;
  }
}
