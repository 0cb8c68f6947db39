/** Names of the headers that both sides use, in lower case as Node gives them. */
export const HEADER = {
  /** Standard Webhooks: the same on every retry of a signal. */
  webhookId: 'webhook-id',
  /** Standard Webhooks: Unix seconds of this attempt. */
  webhookTimestamp: 'webhook-timestamp',
  /** Standard Webhooks: space-delimited `version,base64`. */
  webhookSignature: 'webhook-signature',
  /** As GitHub and as Facebook sign: `sha256=` and `sha1=`, the HMAC of the body in hexadecimal. */
  hubSignature256: 'x-hub-signature-256',
  hubSignature: 'x-hub-signature',
  /** What a receiver of GitHub's webhooks looks at: the type, the delivery's id and the webhook's. */
  githubEvent: 'x-github-event',
  githubDelivery: 'x-github-delivery',
  githubHookId: 'x-github-hook-id',
  /** RFC 9530. */
  contentDigest: 'content-digest',
  /** RFC 9421. */
  signatureInput: 'signature-input',
  signature: 'signature',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  /** On publishing: the same key again writes nothing and gives the first answer. */
  idempotencyKey: 'idempotency-key',
  /** RFC 9110, section 10.2.3: seconds or a date. */
  retryAfter: 'retry-after',
  rateLimit: 'ratelimit',
  rateLimitPolicy: 'ratelimit-policy',
} as const;

export const MEDIA_TYPE = {
  json: 'application/json',
  /** RFC 9457. */
  problem: 'application/problem+json',
  cloudEvent: 'application/cloudevents+json',
  cloudEventBatch: 'application/cloudevents-batch+json',
  ndjson: 'application/x-ndjson',
} as const;
