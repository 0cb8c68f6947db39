import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { validated } from './dto-validation.js';
import type { DtoClass } from './json-shape.js';

/**
 * The query of a request as a checked `type`; unknown parameters are refused. A parameter that is given more than once comes
 * as a list, which only a member that is declared as one takes. Read from the URL itself, because what Express and
 * Fastify make of a query depends on the host's settings.
 */
export function ValidQuery<T extends object>(type: DtoClass<T>) {
  return createParamDecorator((_: unknown, context: ExecutionContext): T => {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return parseQuery(type, url);
  })();
}

/** As `ValidQuery`, for a route that hardly ever has a query and is asked all the time: without one, nothing is checked. */
export function OptionalQuery<T extends object>(type: DtoClass<T>) {
  const without = Object.freeze(new type());
  return createParamDecorator((_: unknown, context: ExecutionContext): T => {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return url.includes('?') ? parseQuery(type, url) : without;
  })();
}

/** Checks the query of `url` (path and query, as a request line has it). */
export function parseQuery<T extends object>(type: DtoClass<T>, url: string): T {
  const mark = url.indexOf('?');
  const members = new Map<string, string | string[]>();
  if (mark >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) {
      const earlier = members.get(name);
      members.set(name, earlier === undefined ? value : [earlier, value].flat());
    }
  }
  return validated(type, Object.fromEntries(members));
}
