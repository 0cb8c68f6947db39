import type { IncomingMessage } from 'node:http';
import { DeliveryRefusedError } from './delivery-refused.js';

/** Every value that was sent under the name (in lower case). `request.headers` would have joined or dropped repeats. */
export function headerValues({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** The value of a header that must be there once. @throws DeliveryRefusedError `malformed` */
export function onlyHeader(request: IncomingMessage, name: string): string {
  const [value, ...others] = headerValues(request, name);
  if (value && others.length === 0) return value;
  throw new DeliveryRefusedError('malformed', `The header ${name} must be there, once`);
}

/** The media type of the body, without parameters, in lower case; empty if the request does not say. */
export function mediaType({ headers }: IncomingMessage): string {
  return (headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
}
