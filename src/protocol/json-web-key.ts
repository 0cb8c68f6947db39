/**
 * A JSON Web Key (RFC 7517), public or private; which members it has depends on `kty`. A type of our own: Node's types name theirs in one
 * version and not in another.
 */
export interface JsonWebKey {
  kty?: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
  d?: string;
  [member: string]: unknown;
}
