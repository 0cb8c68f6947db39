import type { SqliteTurns } from '../../src/database/sqlite-turns.js';
import type { EndpointId, IdGenerator, ReceiverId } from '../../src/protocol/ids.js';

/** Rows as the subscriptions services write them, for tests of the stores alone. */
export async function addReceiver(
  turns: SqliteTurns,
  ids: IdGenerator,
  { tenant = 'acme', eventTypes = ['*'] }: { tenant?: string; eventTypes?: string[] } = {},
): Promise<ReceiverId> {
  const id = ids.next('rcv');
  await turns.step('test receiver', (db) =>
    db
      .prepare(
        `INSERT INTO signpost_receiver (id, tenant, name, event_types, created_at, updated_at) VALUES (?, ?, 'test', ?, 0, 0)`,
      )
      .run(id, tenant, JSON.stringify(eventTypes)),
  );
  return id;
}

export interface TestEndpoint {
  eventTypes?: string[];
  maxEvents?: number;
  minIntervalMs?: number;
  confirm?: 'fetch' | 'ack' | 'signal';
  start?: number;
  tenant?: string;
}

export async function addEndpoint(
  turns: SqliteTurns,
  ids: IdGenerator,
  receiver: ReceiverId,
  {
    eventTypes = ['*'],
    maxEvents = 100,
    minIntervalMs = 0,
    confirm = 'fetch',
    start = 0,
    tenant = 'acme',
  }: TestEndpoint = {},
): Promise<EndpointId> {
  const id = ids.next('ep');
  await turns.step('test endpoint', (db) => {
    db.prepare(
      `INSERT INTO signpost_endpoint (id, receiver_id, tenant, url_sealed, url_shown, event_types, max_events_per_signal,
         min_interval_ms, confirm, signature, state, start_position, version, created_at, updated_at)
       VALUES (?, ?, ?, '', '', ?, ?, ?, ?, 'standard', 'active', ?, 1, 0, 0)`,
    ).run(id, receiver, tenant, JSON.stringify(eventTypes), maxEvents, minIntervalMs, confirm, start);
    for (const pattern of eventTypes) {
      db.prepare('INSERT INTO signpost_endpoint_filter (tenant, pattern, endpoint_id) VALUES (?, ?, ?)').run(
        tenant,
        pattern,
        id,
      );
    }
    db.prepare(
      'INSERT INTO signpost_endpoint_position (endpoint_id, active, signalled_through, head) VALUES (?, 1, ?, ?)',
    ).run(id, start, start);
  });
  return id;
}

export { openSubscriptions } from './subscription-services.js';
