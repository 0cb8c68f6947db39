import { matchesEventType } from '../../protocol/event-type.js';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { Position } from '../log/event-store.js';
import type { ConfirmMode } from '../subscriptions/endpoint-settings.js';

/** What composing and settling need to know of an endpoint. */
export interface EndpointRules {
  version: number;
  receiver: ReceiverId;
  tenant: string;
  /** Of the log, in which the tenant's events are. */
  partition: number;
  maxEvents: number;
  minIntervalMs: number;
  confirm: ConfirmMode;
  start: Position;
  /** The endpoint's filter selects, the receiver's permission limits. */
  admits(type: string): boolean;
}

/** Columns of `signpost_endpoint` (`e`) and of its receiver (`r`). */
export const RULE_COLUMNS = `e.id, e.version, e.receiver_id, e.tenant, e.partition, e.max_events_per_signal, e.min_interval_ms, e.confirm,
    e.start_position, e.event_types, r.event_types AS readable`;

export interface RuleRow {
  id: EndpointId;
  version: number;
  receiver_id: ReceiverId;
  tenant: string;
  partition: number;
  max_events_per_signal: number;
  min_interval_ms: number;
  confirm: ConfirmMode;
  start_position: number;
  event_types: string;
  readable: string;
}

export function rulesOf(row: RuleRow): EndpointRules {
  const selected = JSON.parse(row.event_types) as string[];
  const readable = JSON.parse(row.readable) as string[];
  return {
    version: row.version,
    receiver: row.receiver_id,
    tenant: row.tenant,
    partition: row.partition,
    maxEvents: row.max_events_per_signal,
    minIntervalMs: row.min_interval_ms,
    confirm: row.confirm,
    start: row.start_position,
    admits: (type) => matchesEventType(selected, type) && matchesEventType(readable, type),
  };
}

/** Endpoints remembered at once. */
const CACHE_SIZE = 20_000;

/** Rules of endpoints, kept for the version of the endpoint's configuration that they were read at. */
export class RulesCache {
  private readonly rules = new Map<EndpointId, EndpointRules>();

  get(endpoint: EndpointId, version: number): EndpointRules | undefined {
    const known = this.rules.get(endpoint);
    return known?.version === version ? known : undefined;
  }

  put(endpoint: EndpointId, rules: EndpointRules): void {
    if (this.rules.size >= CACHE_SIZE) this.rules.clear();
    this.rules.set(endpoint, rules);
  }
}
