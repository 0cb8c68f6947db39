import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { rawBody, type BodyRequest } from '../../http/raw-body.js';
import { OAuthError } from './oauth-error.js';

/** An assertion has a few kilobytes at most. */
const LIMIT = 16_384;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parameters of a request to an OAuth endpoint. */
export type FormParameters = ReadonlyMap<string, string>;

/**
 * The form in a request's body, read from its raw bytes (RFC 6749, section 3.2): a parameter without a value counts as left out, one that
 * stands twice is refused. @throws OAuthError
 */
export const FormBody = createParamDecorator((_: unknown, context: ExecutionContext): Promise<FormParameters> =>
  readForm(context.switchToHttp().getRequest<BodyRequest>()),
);

async function readForm(request: BodyRequest): Promise<FormParameters> {
  if (!FORM_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new OAuthError('invalid_request', 'Send the parameters as content-type: application/x-www-form-urlencoded', {
      status: 415,
    });
  }
  return parseForm(await rawBody(request, LIMIT));
}

/** @throws OAuthError */
export function parseForm(bytes: Buffer): FormParameters {
  const parameters = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(textOf(bytes))) {
    if (seen.has(name)) throw new OAuthError('invalid_request', 'A parameter stands twice; send each once');
    seen.add(name);
    if (value !== '') parameters.set(name, value);
  }
  return parameters;
}

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new OAuthError('invalid_request', 'Send the parameters in UTF-8', { cause });
  }
}
