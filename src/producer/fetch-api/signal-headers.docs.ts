import { HEADER } from '../../protocol/headers.js';
import { ENDPOINT_ID_EXAMPLE } from './examples.js';

const SIGNAL_ID_EXAMPLE = 'sig_01kaz8fp3wfj2taq4k3bv8s5cm';
const KEY_ID_EXAMPLE = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';
const MAC_EXAMPLE = 'K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=';

/** The headers of a signal, for its document: those of every scheme, and which scheme each belongs to. */
export function signalHeaders(type: string) {
  return [
    always(HEADER.webhookId, 'The same on every retry of this signal.', SIGNAL_ID_EXAMPLE),
    always(HEADER.webhookTimestamp, 'Unix seconds of this attempt.', '1795455000'),
    of(
      '`standard` (the default) and `standard+ed25519`',
      HEADER.webhookSignature,
      'Standard Webhooks: space-delimited `v1,<base64 HMAC-SHA256>` over `id.timestamp.body`, one for each active secret; with Ed25519 ' +
        "also `v1a,<base64>`, by the installation's key.",
      `v1,${MAC_EXAMPLE}`,
    ),
    of(
      '`github`',
      HEADER.hubSignature256,
      '`sha256=<hex HMAC-SHA256>` over the body. The key is the text of the secret, `whsec_` included.',
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    ),
    of('`github`', HEADER.githubEvent, 'The type of the signal.', type),
    of('`github`', HEADER.githubDelivery, 'As `webhook-id`.', SIGNAL_ID_EXAMPLE),
    of('`github`', HEADER.githubHookId, 'The endpoint.', ENDPOINT_ID_EXAMPLE),
    of(
      '`facebook`',
      HEADER.hubSignature,
      '`sha1=<hex HMAC-SHA1>` over the body. The key is the text of the secret, `whsec_` included.',
      'sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59',
    ),
    of(
      '`rfc9421` and `rfc9421+ed25519`',
      HEADER.contentDigest,
      'RFC 9530, SHA-256 of the body.',
      `sha-256=:${MAC_EXAMPLE}:`,
    ),
    of(
      '`rfc9421` and `rfc9421+ed25519`',
      HEADER.signatureInput,
      'RFC 9421: what each signature covers. A label for each active secret, whose `keyid` is the JWK thumbprint; with Ed25519 one more, whose ' +
        '`keyid` is in the JWKS.',
      `sig1=("@method" "@authority" "@path" "@query" "content-digest" "content-type" "webhook-id" "webhook-timestamp");created=1795455000;expires=1795455300;keyid="${KEY_ID_EXAMPLE}";alg="hmac-sha256";tag="signpost"`,
    ),
    of('`rfc9421` and `rfc9421+ed25519`', HEADER.signature, 'RFC 9421: the signatures.', `sig1=:${MAC_EXAMPLE}:`),
  ];
}

function always(name: string, description: string, example: string) {
  return { name, in: 'header' as const, required: true, description, schema: { type: 'string' as const, example } };
}

function of(schemes: string, name: string, description: string, example: string) {
  return { ...always(name, `In the signature scheme ${schemes}: ${description}`, example), required: false };
}
