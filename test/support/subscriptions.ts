import type { DataSource } from 'typeorm';
import type { EndpointId, IdGenerator, ReceiverId } from '../../src/protocol/ids.js';

/** Rows as the subscriptions services write them, for tests of the stores alone. */
export async function addReceiver(
  dataSource: DataSource,
  ids: IdGenerator,
  { tenant = 'acme', eventTypes = ['*'] }: { tenant?: string; eventTypes?: string[] } = {},
): Promise<ReceiverId> {
  const id = ids.next('rcv');
  await dataSource.sql`INSERT INTO signpost_receiver (id, tenant, name, event_types, created_at, updated_at)
    VALUES (${id}, ${tenant}, 'test', ${JSON.stringify(eventTypes)}, 0, 0)`;
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
  dataSource: DataSource,
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
  await dataSource.sql`INSERT INTO signpost_endpoint (id, receiver_id, tenant, url_sealed, url_shown, event_types, max_events_per_signal,
      min_interval_ms, confirm, signature, state, start_position, version, created_at, updated_at)
    VALUES (${id}, ${receiver}, ${tenant}, '', '', ${JSON.stringify(eventTypes)}, ${maxEvents}, ${minIntervalMs}, ${confirm}, 'standard',
      'active', ${start}, 1, 0, 0)`;
  for (const pattern of eventTypes) {
    await dataSource.sql`INSERT INTO signpost_endpoint_filter (tenant, pattern, endpoint_id) VALUES (${tenant}, ${pattern}, ${id})`;
  }
  await dataSource.sql`INSERT INTO signpost_endpoint_position (endpoint_id, active, signalled_through, head)
    VALUES (${id}, 1, ${start}, ${start})`;
  return id;
}

export { openSubscriptions } from './subscription-services.js';
