import { HEADER, MEDIA_TYPE } from '../../protocol/headers.js';
import { checkCustomHeader } from './header-rules.js';
import { addSignature } from './scheme-headers.js';
import type { SignalRequest } from './signal-sender.js';
import { liveSecrets } from './signing-secrets.js';
import type { TargetUrl } from './target-url.js';

/** An endpoint's own header is none that may be sent; it should have been refused when it was set. */
export class CustomHeaderError extends Error {
  readonly code = 'bad_custom_header';

  constructor(fault: string, options?: ErrorOptions) {
    super(fault, options);
    this.name = 'CustomHeaderError';
  }
}

/**
 * The headers of one attempt as a flat list of names and values, signed over the exact body with the secrets that are live now.
 *
 * @param now Unix ms; the attempt's own time
 * @throws SignatureError, CustomHeaderError
 */
export function signedHeaders(request: SignalRequest, target: TargetUrl, userAgent: string, now: number): string[] {
  const { id, secrets, traceparent, headers: custom } = request;
  const timestamp = String(Math.floor(now / 1_000));
  const headers = [
    'content-type',
    MEDIA_TYPE.json,
    'user-agent',
    userAgent,
    HEADER.webhookId,
    id,
    HEADER.webhookTimestamp,
    timestamp,
  ];
  addSignature(headers, request, target, liveSecrets(secrets, now), timestamp);
  if (traceparent !== undefined) headers.push(HEADER.traceparent, traceparent);
  if (custom !== undefined) {
    for (const [name, value] of Object.entries(custom)) {
      const fault = checkCustomHeader(name, value);
      if (fault !== null) throw new CustomHeaderError(fault);
      headers.push(name, value);
    }
  }
  return headers;
}
