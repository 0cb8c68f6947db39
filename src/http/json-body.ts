import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { validated } from './dto-validation.js';
import { JsonRefusedError, JsonSyntaxError } from './json-errors.js';
import { shapeOf, type DtoClass } from './json-shape.js';
import { readJson } from './json-text.js';
import { ProblemException } from './problem-exception.js';
import { rawBody, type BodyRequest } from './raw-body.js';

export const MEBIBYTE = 1_048_576;

export interface JsonBodyOptions {
  /** Bytes; more is answered 413. Default 1 MiB. */
  limit?: number;
}

const READ = Symbol('signpost:read-body');
type ReadRequest = { [READ]?: object };

const JSON_TYPE = /^application\/(?:[\w.!#$&^+-]+\+)?json\s*(?:;|$)/i;
// JSON is UTF-8 (RFC 8259 §8.1); a text that claims to be something else would be stored wrongly.
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i;

/**
 * The body of a request as a checked `type`, read from its raw bytes: members marked `@RawJson()` come as the text that was sent.
 * Answers 415, 413, 400 `malformed_json` and 400 `invalid_request` (unknown members, wrong members, inexact numbers).
 * The application must keep raw bodies: `NestFactory.create(AppModule, { rawBody: true })`.
 */
export function JsonBody<T extends object>(type: DtoClass<T>, { limit = MEBIBYTE }: JsonBodyOptions = {}) {
  return createParamDecorator(async (_: unknown, context: ExecutionContext): Promise<T> => {
    const request = context.switchToHttp().getRequest<BodyRequest>();
    return readJsonBody(type, request, limit);
  })();
}

/** As `JsonBody`, where the request is at hand. */
export async function readJsonBody<T extends object>(
  type: DtoClass<T>,
  request: BodyRequest,
  limit: number,
): Promise<T> {
  const contentType = request.headers['content-type'] ?? '';
  const charset = CHARSET.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (!JSON_TYPE.test(contentType) || (charset !== 'utf-8' && charset !== 'utf8')) {
    throw new ProblemException('unsupported_media_type', 'Send the body as content-type: application/json, in UTF-8.');
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && !/^identity$/i.test(String(encoding))) {
    throw new ProblemException('unsupported_media_type', 'Send the body as it is, without content-encoding.');
  }
  const body = parseJsonBody(type, await rawBody(request, limit));
  (request as ReadRequest)[READ] = body;
  return body;
}

/** Names of the members that a body had which was read and found right; undefined if none was. Only names that the route knows. */
export function membersRead(request: object): string[] | undefined {
  const body = (request as ReadRequest)[READ];
  return (
    body &&
    Object.entries(body)
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name)
  );
}

/** Reads and checks the bytes of a JSON body. */
export function parseJsonBody<T extends object>(type: DtoClass<T>, bytes: Buffer): T {
  return validated(type, parse(textOf(bytes), type));
}

function parse(text: string, type: DtoClass): unknown {
  try {
    return readJson(text, shapeOf(type));
  } catch (cause) {
    if (cause instanceof JsonSyntaxError) {
      throw new ProblemException('malformed_json', `${cause.message}.`, {
        members: { position: cause.position },
        cause,
      });
    }
    if (cause instanceof JsonRefusedError) {
      throw new ProblemException('invalid_request', undefined, { errors: cause.errors, cause });
    }
    throw cause;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ProblemException('malformed_json', 'The body is not valid UTF-8.', { cause });
  }
}
