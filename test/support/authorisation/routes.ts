import type { ReceiverId } from '../../../src/protocol/ids.js';
import { ROUTES } from '../routes.js';
import { ACCEPTED } from './accepted.js';
import { ENDPOINT_ROWS, ROUTE_ROWS } from './tables.js';
import type { Headers } from './tokens.js';
import { READABLE_TYPE, type Answered, type World } from './world.js';

type RouteRow = (typeof ROUTE_ROWS)[number];

const ROUTE_SCOPES = ['events:read', 'endpoints:read', 'endpoints:write'];
const ALL = [...ROUTE_SCOPES, 'pii:read'];
/** Each alone, all, and all but what reads need. */
const SCOPE_SETS = [
  ...ALL.map((scope) => [scope]),
  ALL,
  ALL.filter((scope) => scope !== 'events:read'),
  ALL.filter((scope) => scope !== 'endpoints:write'),
];
const NOBODYS = {
  '{endpointId}': 'ep_01kaz8fp3wfj2taq4k3bv8s5ch',
  '{id}': 'evt_01kaz8fp3wfj2taq4k3bv8s5ch',
  '{type}': 'un.known',
} as const;

/** An endpoint of a receiver that signals go to at once; nothing listens there. */
export async function ownEndpoint(world: World, receiver = world.receiver): Promise<string> {
  const body = { url: 'http://127.0.0.1:9/hook', eventTypes: ['*'], verify: false };
  return (await world.make(`/receivers/${receiver}/endpoints`, body)).id ?? '';
}

/** A right request to a route. */
export function requestOf(world: World, { route, path }: RouteRow, endpoint: string): { path: string; body?: object } {
  const live = world.events.find(({ payload }) => payload === 'live')?.id ?? '';
  const known = ROUTES.find(({ api, method, path: each }) => api === 'fetch' && `${method} ${each}` === route);
  const filled = path.replace('{endpointId}', endpoint).replace('{id}', live).replace('{type}', READABLE_TYPE);
  if (!known?.body) return { path: filled };
  const isRotation = path.endsWith('/rotate-secret');
  return { path: filled, body: isRotation ? { overlap: 0 } : 'ids' in known.body ? { ids: [live] } : known.body };
}

/** Each route with each set of scopes. Answers the cells that are not as documented. */
export async function routeCells(world: World, kind: string, audit: string): Promise<string[]> {
  const wrong: string[] = [];
  const endpoint = await ownEndpoint(world);
  for (const scopes of SCOPE_SETS) {
    const headers = await shown(world, kind, scopes);
    for (const row of ROUTE_ROWS) {
      const isAdmitted = includes(scopes, row.scope);
      const own = isAdmitted && row.method === 'DELETE' ? await ownEndpoint(world) : endpoint;
      const { path, body } = requestOf(world, row, own);
      const answer = await world.call(row.method, path, headers, body);
      const expected = isAdmitted ? row.answer : 403;
      const cell = `${row.route} with ${scopes.join(' ')}`;
      if (answer.status !== expected) wrong.push(`${cell}: ${answer.status} instead of ${expected}`);
      if (!isAdmitted) wrong.push(...(await denied(world, row, headers, answer)).map((what) => `${cell}: ${what}`));
    }
  }
  const { items } = await world.log.list({ limit: ROUTE_ROWS.length, receiver: world.receiver as ReceiverId });
  const kinds = new Set(items.map((item) => item.kind));
  if ([...kinds].join() !== audit) wrong.push(`audited as ${[...kinds].join()}`);
  return wrong;
}

/** Whose endpoint it is, on each route that names one. */
export async function endpointCells(world: World, kind: string): Promise<string[]> {
  const wrong: string[] = [];
  const headers = await shown(world, kind, ALL);
  const { neighbour, foreigner } = world.strangers;
  const whose: Record<string, string> = {
    'its own': await ownEndpoint(world),
    'of another receiver, the same tenant': await ownEndpoint(world, neighbour),
    'of a receiver of another tenant': await ownEndpoint(world, foreigner),
    'of nobody': NOBODYS['{endpointId}'],
  };
  const rows = ROUTE_ROWS.filter(({ path }) => path.includes('{endpointId}'));
  // What is deleted is deleted last.
  for (const row of rows.toSorted(
    (one, other) => Number(one.method === 'DELETE') - Number(other.method === 'DELETE'),
  )) {
    const nobodys = requestOf(world, row, NOBODYS['{endpointId}']);
    const bare = await world.call(row.method, nobodys.path, headers, nobodys.body);
    for (const { endpoint = '', answer: documented } of ENDPOINT_ROWS) {
      const { path, body } = requestOf(world, row, whose[endpoint] ?? '');
      const answer = await world.call(row.method, path, headers, body);
      const expected = documented === 'as above' ? row.answer : Number(documented);
      const cell = `${row.route}, ${endpoint}`;
      if (answer.status !== expected) wrong.push(`${cell}: ${answer.status} instead of ${expected}`);
      if (expected === 404 && answer.text !== bare.text) wrong.push(`${cell}: ${answer.text}`);
    }
  }
  return wrong;
}

/** Before any id is looked at: nobody's id gets the same bytes. */
async function denied(world: World, row: RouteRow, headers: Headers, known: Answered): Promise<string[]> {
  if (!row.path.includes('{')) return challengeOf(row, known);
  const path = Object.entries(NOBODYS).reduce((text, [name, id]) => text.replace(name, id), row.path);
  const unknown = await world.call(row.method, path, headers);
  const tells = unknown.status === known.status && unknown.text === known.text ? [] : ['tells what is there'];
  return [...tells, ...challengeOf(row, known)];
}

function challengeOf({ scope }: RouteRow, { headers }: Answered): string[] {
  const challenge = String(headers['www-authenticate']);
  return challenge.includes(`scope="${scope}"`) ? [] : [`asks for ${challenge}`];
}

function includes(scopes: readonly string[], needed: string): boolean {
  return scopes.includes(needed) || (needed === 'endpoints:read' && scopes.includes('endpoints:write'));
}

function shown(world: World, kind: string, scopes: readonly string[]): Promise<Headers> {
  const accepted = ACCEPTED[kind];
  if (!accepted) throw new Error(`Nobody knows how to show "${kind}"`);
  return accepted(world, { scopes });
}
