import type { SqliteTurns } from '../../database/sqlite-turns.js';
import { matchesEventType } from '../../protocol/event-type.js';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { ConfirmMode } from '../subscriptions/endpoint-settings.js';

/** What composing and settling need to know of an endpoint. */
export interface EndpointRules {
  version: number;
  receiver: ReceiverId;
  tenant: string;
  maxEvents: number;
  minIntervalMs: number;
  confirm: ConfirmMode;
  start: Position;
  /** The endpoint's filter selects, the receiver's permission limits. */
  admits(type: string): boolean;
}

interface Row {
  receiver_id: ReceiverId;
  tenant: string;
  max_events_per_signal: number;
  min_interval_ms: number;
  confirm: ConfirmMode;
  start_position: number;
  event_types: string;
  readable: string;
}

const READ = `SELECT e.receiver_id, e.tenant, e.max_events_per_signal, e.min_interval_ms, e.confirm, e.start_position,
    e.event_types, r.event_types AS readable
  FROM signpost_endpoint e JOIN signpost_receiver r ON r.id = e.receiver_id WHERE e.id = ?`;

/** Endpoints remembered at once. */
const CACHE_SIZE = 20_000;

/** Rules of endpoints, read once for each version of an endpoint's configuration. */
export class EndpointRulesReader {
  private readonly cache = new Map<EndpointId, EndpointRules>();

  constructor(private readonly turns: SqliteTurns) {}

  /** Call within a turn, with the version that the same turn read: then it is never out of date. */
  read(endpoint: EndpointId, version: number): EndpointRules {
    const known = this.cache.get(endpoint);
    if (known?.version === version) return known;
    const row = this.turns.prepare(READ).get(endpoint) as Row;
    const selected = JSON.parse(row.event_types) as string[];
    const readable = JSON.parse(row.readable) as string[];
    const rules: EndpointRules = {
      version,
      receiver: row.receiver_id,
      tenant: row.tenant,
      maxEvents: row.max_events_per_signal,
      minIntervalMs: row.min_interval_ms,
      confirm: row.confirm,
      start: row.start_position,
      admits: (type) => matchesEventType(selected, type) && matchesEventType(readable, type),
    };
    if (this.cache.size >= CACHE_SIZE) this.cache.clear();
    this.cache.set(endpoint, rules);
    return rules;
  }
}
