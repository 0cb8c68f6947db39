/** What the routes of the fetch API ask for. `endpoints:write` includes `endpoints:read`. */
export const ROUTE_SCOPES = ['events:read', 'endpoints:read', 'endpoints:write'] as const;
export type RouteScope = (typeof ROUTE_SCOPES)[number];

/** A name such as `pii:read`, chosen by the operator: opens the sensitive fields that event types put under it. */
export type FieldScope = `${string}:${string}`;

/** What a receiver's credential may do. */
export type CredentialScope = RouteScope | FieldScope;

/** What a credential may do whose creation does not say. */
export const DEFAULT_SCOPES: readonly CredentialScope[] = ['events:read'];

/** Scopes of one credential, at most: each stands in every access token. */
export const MOST_SCOPES = 50;

const FIELD_SCOPE = /^[a-z][a-z0-9_.-]{0,62}:[a-z0-9_.-]{1,63}$/;
/** A misspelt `events:raed` must not pass for a field scope that opens nothing, and later versions may add scopes of their own. */
const RESERVED = /^(events|endpoints):/;

export function isFieldScope(text: string): text is FieldScope {
  return FIELD_SCOPE.test(text) && !RESERVED.test(text);
}

export function isCredentialScope(text: string): text is CredentialScope {
  return (ROUTE_SCOPES as readonly string[]).includes(text) || isFieldScope(text);
}

/** Whether who has `scopes` may do what needs `needed`. */
export function grants(scopes: readonly CredentialScope[], needed: CredentialScope): boolean {
  return scopes.includes(needed) || (needed === 'endpoints:read' && scopes.includes('endpoints:write'));
}

/** `admin` may do everything; `events:publish` may publish and nothing else. */
export const ADMIN_SCOPES = ['admin', 'events:publish'] as const;
export type AdminScope = (typeof ADMIN_SCOPES)[number];
