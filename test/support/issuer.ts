import { createServer, type Server } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { SignJWT, type JWTPayload } from 'jose';

export interface TestIssuer {
  url: string;
  audience: string;
  jwksUrl: string;
  /** Whether it answers; otherwise 500. */
  up: boolean;
  asked: number;
  /** A token that is right, but for what the test changes. */
  token(claims?: JWTPayload, header?: Record<string, string>): Promise<string>;
  close(): Promise<void>;
}

/** An operator's own issuer, with its keys on the loopback interface. */
export async function startIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = JSON.stringify({
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }],
  });
  const server: Server = createServer((_, response) => {
    issuer.asked += 1;
    response.writeHead(issuer.up ? 200 : 500, { 'content-type': 'application/json' }).end(issuer.up ? keys : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const audience = 'https://events.example.com';
  const issuer: TestIssuer = {
    url,
    audience,
    jwksUrl: `${url}/jwks.json`,
    up: true,
    asked: 0,
    token: (claims, header) =>
      new SignJWT({ iss: url, aud: audience, scope: 'events:read', ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header })
        .setIssuedAt()
        .setExpirationTime('5 min')
        .sign(privateKey),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return issuer;
}
