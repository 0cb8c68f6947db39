import {
  Inject,
  Injectable,
  Logger,
  Optional,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ProblemException } from '../../http/problem-exception.js';
import { FailedLogins } from '../limits/failed-logins.js';
import type { AccessRequest } from './access-request.js';
import { adminActor, type Admitted } from './actor.js';
import { AdminKeysService } from './admin-keys.service.js';
import { changeOf } from './audited-change.js';
import { isAuthFailure, type AuthenticatedAdmin, type AuthFailure } from './authenticated.js';
import { ChangeLog, type Actor } from './change-log.js';
import type { AdminScope as Scope } from './scopes.js';
import { forbidden, unauthorized } from './unauthorized.js';

const SCOPE = Symbol('signpost:admin-scope');
const CHALLENGE = 'Bearer realm="signpost"';

/** What a key needs for a route; a route that does not say needs `admin`. A key with `admin` may do everything. */
export const AdminScope = (scope: Scope): MethodDecorator & ClassDecorator => SetMetadata(SCOPE, scope);

interface GuardedRequest extends AccessRequest, Admitted {}

/** Lets an admin key in that has the route's scope. Each refusal leaves a row in the audit of changes, reads included. */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly logger = new Logger('Signpost');

  constructor(
    @Inject(AdminKeysService) private readonly keys: AdminKeysService,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Optional() @Inject(FailedLogins) private readonly logins: FailedLogins = new FailedLogins(),
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    this.logins.admit(request);
    const result = this.keys.authenticate(request.headers.authorization);
    if (result instanceof Promise) return result.then((later) => this.admit(later, request, context));
    return this.admit(result, request, context);
  }

  private admit(
    result: AuthenticatedAdmin | AuthFailure,
    request: GuardedRequest,
    context: ExecutionContext,
  ): boolean | Promise<boolean> {
    if (isAuthFailure(result)) {
      this.logins.failed(request);
      this.logger.warn(`Refused a request to the admin API: key ${result.credential ?? '-'} is ${result.reason}`);
      const actor: Actor = { kind: 'nobody', id: result.credential, name: null };
      return this.refuse(context, actor, unauthorized(CHALLENGE, result.reason));
    }
    this.logins.succeeded(request, result.key.id);
    const needed =
      this.reflector.getAllAndOverride<Scope | undefined>(SCOPE, [context.getHandler(), context.getClass()]) ?? 'admin';
    const { scopes } = result.key;
    if (!scopes.includes('admin') && !scopes.includes(needed)) {
      return this.refuse(context, adminActor(result), forbidden(needed));
    }
    request.signpostAdmin = result;
    return true;
  }

  private async refuse(context: ExecutionContext, actor: Actor, problem: ProblemException): Promise<never> {
    await this.changes.refused(changeOf(context, actor), problem.getStatus());
    throw problem;
  }
}
