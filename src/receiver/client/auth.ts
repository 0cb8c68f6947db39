import type { KeyObject } from 'node:crypto';
import type { JsonWebKey } from '../../protocol/json-web-key.js';

/**
 * How a client shows a producer who it is; exactly one of four forms. Whatever the form, the value
 * travels in the `Authorization` header of requests to the producer only, is never sent on when a
 * redirect is answered, and never appears in an error or a log line.
 *
 * - `{ apiKey }`: a key that the producer issued for this receiver.
 * - `{ clientId, clientSecret, tokenUrl? }`: OAuth 2.0 client credentials (RFC 6749 section 4.4).
 *   The client fetches access tokens from `tokenUrl`, by default `<url>/oauth/token`, and keeps
 *   each until shortly before it expires.
 * - `{ clientId, privateKey, keyId?, tokenUrl?, audience? }`: the same, but the client proves itself with assertions that it signs
 *   (`private_key_jwt`, RFC 7523), so that no secret is shared with the producer. `privateKey`: Ed25519, P-256 or RSA, as PEM, JWK
 *   or `KeyObject`; `keyId`: its `kid`, where several are registered; `audience`: what assertions are made out to, by default the
 *   token URL. Behind a proxy that is the producer's public URL rather than the one that is called.
 * - `{ accessToken }`: a function of your own that answers a current access token. It is called
 *   once per request, so a token that is costly to obtain should be kept by the function; when the
 *   producer answers 401 it is asked once more before the request fails.
 */
export type Auth =
  | { apiKey: string }
  | { clientId: string; clientSecret: string; tokenUrl?: string }
  | {
      clientId: string;
      privateKey: string | JsonWebKey | KeyObject;
      keyId?: string;
      tokenUrl?: string;
      audience?: string;
    }
  | { accessToken: () => string | Promise<string> };
