import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { validated } from '../../http/dto-validation.js';
import { MEBIBYTE, readJsonBody } from '../../http/json-body.js';
import type { DtoClass } from '../../http/json-shape.js';
import type { BodyRequest } from '../../http/raw-body.js';

/** As `JsonBody`, for an operation all of whose members may be left out: no body at all is an empty object. */
export function OptionalJsonBody<T extends object>(type: DtoClass<T>) {
  return createParamDecorator(async (_: unknown, context: ExecutionContext): Promise<T> => {
    const request = context.switchToHttp().getRequest<BodyRequest>();
    return hasBody(request) ? readJsonBody(type, request, MEBIBYTE) : validated(type, {});
  })();
}

/** RFC 9112, section 6: a request has a body if one of these two headers says so. */
function hasBody({ headers }: BodyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
