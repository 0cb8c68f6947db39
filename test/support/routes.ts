/** What a route takes, as far as it can be got wrong. */
export interface Route {
  api: 'admin' | 'fetch';
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** As the OpenAPI documents write it: `{receiverId}` stands for an id. */
  path: string;
  /** A right body; its presence says that the route takes one. */
  body?: Record<string, unknown>;
  /** Largest body, in bytes. */
  limit?: number;
  /** Takes `after` and `limit`. */
  list?: boolean;
  /** Goes without a body as well. */
  bodyOptional?: boolean;
}

const MEBIBYTE = 1_048_576;
const ENDPOINT = { url: 'http://127.0.0.1:9/hook', eventTypes: ['*'] };

function admin(method: Route['method'], path: string, takes: Omit<Route, 'api' | 'method' | 'path'> = {}): Route {
  return { api: 'admin', method, path: `/admin/v1${path}`, ...takes };
}

function fetching(method: Route['method'], path: string, takes: Omit<Route, 'api' | 'method' | 'path'> = {}): Route {
  return { api: 'fetch', method, path: `/v1${path}`, ...takes };
}

/** Every route of both APIs; a test holds it against the OpenAPI documents. */
export const ROUTES: readonly Route[] = [
  admin('POST', '/events', { body: { type: 'a.b', data: 1 } }),
  admin('POST', '/events/batch', { body: { events: [{ type: 'a.b', data: 1 }] }, limit: 8 * MEBIBYTE }),
  admin('GET', '/events', { list: true }),
  admin('GET', '/events/{eventId}'),
  admin('POST', '/erasures', { body: { tenant: 'acme', subject: 'x' } }),
  admin('POST', '/receivers', { body: { name: 'x' } }),
  admin('GET', '/receivers', { list: true }),
  admin('GET', '/receivers/{receiverId}'),
  admin('PATCH', '/receivers/{receiverId}', { body: { name: 'x' } }),
  admin('DELETE', '/receivers/{receiverId}'),
  admin('POST', '/receivers/{receiverId}/credentials', { body: { name: 'x' } }),
  admin('GET', '/receivers/{receiverId}/credentials', { list: true }),
  admin('GET', '/receivers/{receiverId}/credentials/{credentialId}'),
  admin('POST', '/receivers/{receiverId}/credentials/{credentialId}/rotate', {
    body: { overlap: 60 },
    bodyOptional: true,
  }),
  admin('DELETE', '/receivers/{receiverId}/credentials/{credentialId}'),
  admin('POST', '/receivers/{receiverId}/endpoints', { body: ENDPOINT }),
  admin('GET', '/receivers/{receiverId}/endpoints', { list: true }),
  admin('GET', '/endpoints/{endpointId}'),
  admin('PATCH', '/endpoints/{endpointId}', { body: { description: 'x' } }),
  admin('DELETE', '/endpoints/{endpointId}'),
  admin('GET', '/endpoints/{endpointId}/signals', { list: true }),
  admin('POST', '/endpoints/{endpointId}/rotate-secret', { body: { overlap: 60 }, bodyOptional: true }),
  admin('POST', '/endpoints/{endpointId}/pause'),
  admin('POST', '/endpoints/{endpointId}/resume'),
  admin('POST', '/endpoints/{endpointId}/test'),
  admin('POST', '/endpoints/{endpointId}/verify'),
  admin('POST', '/event-types', { body: { name: 'x.y' } }),
  admin('GET', '/event-types', { list: true }),
  admin('GET', '/event-types/{type}'),
  admin('PATCH', '/event-types/{type}', { body: { description: 'x' } }),
  admin('DELETE', '/event-types/{type}'),
  admin('POST', '/keys', { body: { name: 'x', scopes: ['admin'] } }),
  admin('GET', '/keys', { list: true }),
  admin('DELETE', '/keys/{keyId}'),
  admin('GET', '/signing-keys'),
  admin('POST', '/signing-keys/rotate', { body: { use: 'token' } }),
  admin('GET', '/stats'),
  admin('GET', '/access', { list: true }),
  admin('GET', '/changes', { list: true }),
  fetching('GET', '/events', { list: true }),
  fetching('GET', '/events/{id}'),
  fetching('POST', '/events/batch', { body: { ids: ['evt_01kaz8fp3wfj2taq4k3bv8s5ch'] } }),
  fetching('POST', '/acks', { body: { ids: ['evt_01kaz8fp3wfj2taq4k3bv8s5ch'] } }),
  fetching('GET', '/position'),
  fetching('GET', '/event-types', { list: true }),
  fetching('GET', '/event-types/{type}'),
  fetching('GET', '/endpoints', { list: true }),
  fetching('POST', '/endpoints', { body: ENDPOINT }),
  fetching('GET', '/endpoints/{endpointId}'),
  fetching('PATCH', '/endpoints/{endpointId}', { body: { description: 'x' } }),
  fetching('DELETE', '/endpoints/{endpointId}'),
  fetching('GET', '/endpoints/{endpointId}/signals', { list: true }),
  fetching('POST', '/endpoints/{endpointId}/rotate-secret', { body: { overlap: 60 }, bodyOptional: true }),
  fetching('POST', '/endpoints/{endpointId}/test'),
  fetching('POST', '/endpoints/{endpointId}/verify'),
];

/** Those that ask for no credential, or for one in a way of its own; each has a test of its own. */
export const PUBLIC_ROUTES: readonly string[] = ['GET /.well-known/jwks.json', 'POST /oauth/token'];

export const DEFAULT_BODY_LIMIT = MEBIBYTE;
