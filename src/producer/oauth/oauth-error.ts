/** RFC 6749, section 5.2, and of section 4.1.2.1 what a server says of itself. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'
  | 'server_error';

const STATUS: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  temporarily_unavailable: 503,
  server_error: 500,
};

/** A refusal of the token endpoint, in OAuth's own format: its clients know no other. */
export class OAuthError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: OAuthErrorCode,
    /** For the client's developer: what to change, never what was wrong with a credential. ASCII without `"` and `\` (section 5.2). */
    readonly description?: string,
    {
      status = STATUS[code],
      headers = {},
      cause,
    }: { status?: number; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(description ?? code, { cause });
    this.name = 'OAuthError';
    this.status = status;
    this.headers = headers;
  }
}

/** The same for every cause, as on the rest of the API. */
export function invalidClient(cause: string): OAuthError {
  return new OAuthError('invalid_client', undefined, {
    headers: { 'www-authenticate': 'Basic realm="signpost"' },
    cause,
  });
}
