/** What a receiver's credential may do. Further scopes come with the routes that ask for them. */
export const CREDENTIAL_SCOPES = ['events:read'] as const;
export type CredentialScope = (typeof CREDENTIAL_SCOPES)[number];

/** `admin` may do everything; `events:publish` may publish and nothing else. */
export const ADMIN_SCOPES = ['admin', 'events:publish'] as const;
export type AdminScope = (typeof ADMIN_SCOPES)[number];
