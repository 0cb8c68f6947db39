import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ACCEPTED } from '../support/authorisation/accepted.js';
import { bearer, type Headers } from '../support/authorisation/tokens.js';
import { endpointCells, routeCells, ownEndpoint, requestOf } from '../support/authorisation/routes.js';
import { eventCells } from '../support/authorisation/events.js';
import { refused } from '../support/authorisation/refused.js';
import {
  ACCEPTED_ROWS,
  ADMIN_ROWS,
  ENDPOINT_ROWS,
  EVENT_ROWS,
  FIELD_ROWS,
  REFUSED_KINDS,
  ROUTE_ROWS,
} from '../support/authorisation/tables.js';
import { startWorld, type World } from '../support/authorisation/world.js';
import { DATABASES, type Database } from '../support/databases.js';
import { TEST_ADMIN_KEY } from '../support/producer-app.js';
import { ROUTES } from '../support/routes.js';

jest.setTimeout(60_000);

/** Without a policy of the application events are read another way, from memory too. */
const INSTALLATIONS = DATABASES.flatMap((database): [Database, string, boolean][] => [
  [database, 'without a policy', false],
  [database, 'with a policy', true],
]);

describe('docs/authorisation.md', () => {
  it('has every route, every kind of credential, and every question', () => {
    const documented = ROUTE_ROWS.map(({ route }) => route).toSorted();
    const there = ROUTES.filter(({ api }) => api === 'fetch').map(({ method, path }) => `${method} ${path}`);
    expect(documented).toEqual(there.toSorted());
    expect(ACCEPTED_ROWS.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(ACCEPTED).toSorted());
    expect(EVENT_ROWS).toHaveLength(8);
    expect(ENDPOINT_ROWS).toHaveLength(4);
    expect(FIELD_ROWS).toHaveLength(2);
    expect(ADMIN_ROWS.length).toBeGreaterThan(10);
  });
});

describe.each(INSTALLATIONS)('the matrix of docs/authorisation.md, on %s, %s', (database, _, withPolicy) => {
  let world: World;
  let vain: Record<string, Headers>;

  beforeAll(async () => {
    world = await startWorld(database, withPolicy);
    vain = await refused(world);
  });
  afterAll(() => world.close());

  // What differs between the databases is the query, whatever kind of credential it is made for.
  const readers = database === 'sqlite' ? ACCEPTED_ROWS : ACCEPTED_ROWS.slice(0, 2);

  it.each(readers)('$kind: which events, and which of their fields', async ({ kind, audit }) => {
    expect(await eventCells(world, kind, audit)).toEqual([]);
  });

  if (withPolicy) return;

  // Scopes and owners are judged the same way on either database.
  const kinds = database === 'sqlite' ? ACCEPTED_ROWS : ACCEPTED_ROWS.slice(0, 1);

  it.each(kinds)('$kind: which routes, with which scopes', async ({ kind, audit }) => {
    expect(await routeCells(world, kind, audit)).toEqual([]);
  });

  it.each(kinds)('$kind: whose endpoints', async ({ kind }) => {
    expect(await endpointCells(world, kind)).toEqual([]);
  });

  it('has every credential that opens nothing', () => {
    expect(REFUSED_KINDS.toSorted()).toEqual(Object.keys(vain).toSorted());
  });

  it.each(REFUSED_KINDS)('%s opens nothing', async (kind) => {
    const wrong: string[] = [];
    const bare = await world.call('GET', '/v1/position', {});
    const endpoint = await ownEndpoint(world);
    for (const route of ROUTE_ROWS) {
      const { path, body } = requestOf(world, route, endpoint);
      const answer = await world.call(route.method, path, vain[kind] ?? {}, body);
      if (answer.status !== 401) wrong.push(`${route.route}: ${answer.status}`);
      if (answer.text !== bare.text) wrong.push(`${route.route}: ${answer.text}`);
      const challenge = answer.headers['www-authenticate'];
      if (challenge !== 'Bearer realm="signpost", Basic realm="signpost"')
        wrong.push(`${route.route}: ${String(challenge)}`);
    }
    expect(wrong).toEqual([]);
    const { items } = await world.log.list({ limit: ROUTE_ROWS.length });
    expect(items.map(({ status, kind: shown, count }) => [status, shown, count])).toEqual(
      ROUTE_ROWS.map(() => [401, null, 0]),
    );
  });

  const showing = database === 'sqlite' ? ADMIN_ROWS : ADMIN_ROWS.filter(({ shown }) => shown.includes('admin key'));

  it.each(showing)('$shown, at the admin API', async ({ shown, publishing, others }) => {
    const headers = await adminHeaders(shown);
    const wrong: string[] = [];
    for (const { api, method, path, body } of ROUTES) {
      if (api !== 'admin') continue;
      const isPublishing = method === 'POST' && path.startsWith('/admin/v1/events');
      const { status } = await world.call(method, unknownIds(path), headers, body);
      const expected = isPublishing ? publishing : others;
      const isRight =
        expected === 'admitted' ? status < 500 && status !== 401 && status !== 403 : String(status) === expected;
      if (!isRight) wrong.push(`${method} ${path}: ${status} instead of ${expected}`);
    }
    expect(wrong).toEqual([]);
  });

  async function adminHeaders(shown: string): Promise<Headers> {
    const key = async (scope: string) => world.make('/keys', { name: scope, scopes: [scope] });
    switch (shown) {
      case 'the admin key of the configuration':
        return bearer(TEST_ADMIN_KEY);
      case 'an admin key with admin':
        return bearer((await key('admin')).apiKey);
      case 'an admin key with events:publish':
        return bearer((await key('events:publish')).apiKey);
      case 'an admin key that was revoked': {
        const { id, apiKey } = await key('admin');
        await world.producer.admin('DELETE', `/keys/${String(id)}`);
        return bearer(apiKey);
      }
      case 'nothing':
        return {};
      case 'the signing secret of an endpoint':
        return vain['the signing secret of its own endpoint'] ?? {};
      default: {
        const accepted = ACCEPTED[shown];
        if (!accepted) throw new Error(`Nobody knows how to show "${shown}"`);
        return accepted(world, { scopes: ['events:read', 'endpoints:write', 'pii:read'] });
      }
    }
  }
});

/** What is admitted finds nothing, and so changes nothing. */
function unknownIds(path: string): string {
  const prefixes: Record<string, string> = {
    eventId: 'evt',
    receiverId: 'rcv',
    credentialId: 'key',
    endpointId: 'ep',
    keyId: 'key',
  };
  return path.replaceAll(/\{(\w+)\}/g, (__, name: string) =>
    name === 'type' ? 'un.known' : `${prefixes[name] ?? ''}_01kaz8fp3wfj2taq4k3bv8s5ch`,
  );
}
