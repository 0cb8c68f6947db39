import { Inject, Injectable, Logger, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AccessRequest } from './access-request.js';
import { AdminKeysService } from './admin-keys.service.js';
import { isAuthFailure, type AuthenticatedAdmin, type AuthFailure } from './authenticated.js';
import type { AdminScope as Scope } from './scopes.js';
import { forbidden, unauthorized } from './unauthorized.js';

const SCOPE = Symbol('signpost:admin-scope');
const CHALLENGE = 'Bearer realm="signpost"';

/** What a key needs for a route; a route that does not say needs `admin`. A key with `admin` may do everything. */
export const AdminScope = (scope: Scope): MethodDecorator & ClassDecorator => SetMetadata(SCOPE, scope);

/** Lets an admin key in that has the route's scope. */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly logger = new Logger('Signpost');

  constructor(
    @Inject(AdminKeysService) private readonly keys: AdminKeysService,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { headers } = context.switchToHttp().getRequest<AccessRequest>();
    const result = this.keys.authenticate(headers.authorization);
    if (result instanceof Promise) return result.then((later) => this.admit(later, context));
    return this.admit(result, context);
  }

  private admit(result: AuthenticatedAdmin | AuthFailure, context: ExecutionContext): boolean {
    if (isAuthFailure(result)) {
      this.logger.warn(`Refused a request to the admin API: key ${result.credential ?? '-'} is ${result.reason}`);
      throw unauthorized(CHALLENGE, result.reason);
    }
    const needed =
      this.reflector.getAllAndOverride<Scope | undefined>(SCOPE, [context.getHandler(), context.getClass()]) ?? 'admin';
    const { scopes } = result.key;
    if (!scopes.includes('admin') && !scopes.includes(needed)) throw forbidden(needed);
    return true;
  }
}
