import {
  createParamDecorator,
  Inject,
  Injectable,
  Logger,
  Optional,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ProblemException } from '../../http/problem-exception.js';
import { FailedLogins } from '../limits/failed-logins.js';
import { RequestLimits } from '../limits/request-limits.js';
import { AccessLog, type Access, type AccessAction } from './access-log.js';
import { callerAddress, type AccessRequest } from './access-request.js';
import { isAuthFailure, type Authenticated, type AuthFailure } from './authenticated.js';
import { Authenticator } from './authenticator.js';
import { grants, type RouteScope } from './scopes.js';
import { forbidden, unauthorized } from './unauthorized.js';

const ACTION = Symbol('signpost:access-action');
const SCOPE = Symbol('signpost:receiver-scope');
export const CHALLENGE = 'Bearer realm="signpost", Basic realm="signpost"';

interface GuardedRequest extends AccessRequest {
  signpostAccess?: Authenticated;
}

/** Names what a route does, for the audit row of a denial. */
export const AuditedAs = (action: AccessAction): MethodDecorator & ClassDecorator => SetMetadata(ACTION, action);

/** What a credential needs for a route; a route that does not say needs `events:read`. */
export const RequiresScope = (scope: RouteScope): MethodDecorator & ClassDecorator => SetMetadata(SCOPE, scope);

/** Who is asking, behind `ReceiverGuard`. */
export const CurrentAccess = createParamDecorator((_: unknown, context: ExecutionContext) =>
  accessOf(context.switchToHttp().getRequest<GuardedRequest>()),
);

/** As `CurrentAccess`, for code that has the request. */
export function accessOf(request: object): Authenticated {
  const { signpostAccess } = request as GuardedRequest;
  if (!signpostAccess) throw new Error('CurrentAccess is used on a route without ReceiverGuard');
  return signpostAccess;
}

/**
 * Lets a receiver in whose credential has the route's scope, as often as its limits allow. Each denial leaves an audit row; what is beyond
 * a limit does not, or the audit would be what a flood fills.
 */
@Injectable()
export class ReceiverGuard implements CanActivate {
  private readonly logger = new Logger('Signpost');

  constructor(
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(AccessLog) private readonly log: AccessLog,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Optional() @Inject(FailedLogins) private readonly logins: FailedLogins = new FailedLogins(),
    @Optional() @Inject(RequestLimits) private readonly limits: RequestLimits = new RequestLimits(),
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    // Without room for its audit row a request must not be served.
    if (this.log.full) throw new ProblemException('unavailable', undefined, { headers: { 'Retry-After': '1' } });
    this.logins.admit(request);
    const result = this.authenticator.authenticate(request);
    // No promise on the way of a credential that is remembered: this runs for every fetch.
    if (result instanceof Promise) return result.then((later) => this.admit(later, request, context));
    return this.admit(result, request, context);
  }

  private admit(
    result: Authenticated | AuthFailure,
    request: GuardedRequest,
    context: ExecutionContext,
  ): boolean | Promise<boolean> {
    if (isAuthFailure(result)) {
      this.logins.failed(request);
      const { reason, credential, receiver } = result;
      this.logger.warn(`Refused a request to the fetch API: credential ${credential ?? '-'} is ${reason}`);
      this.deny(context, request, { status: 401, receiver, credential });
      throw unauthorized(CHALLENGE, reason);
    }
    this.logins.succeeded(request, result.credential.id);
    const counted = this.limits.take(result, context.switchToHttp().getResponse());
    if (counted) return counted.then(() => this.authorise(result, request, context));
    return this.authorise(result, request, context);
  }

  private authorise(result: Authenticated, request: GuardedRequest, context: ExecutionContext): boolean {
    const needed = this.metadata<RouteScope>(SCOPE, context) ?? 'events:read';
    if (!grants(result.credential.scopes, needed)) {
      const { kind, receiver, credential, identity } = result;
      this.deny(context, request, { status: 403, receiver: receiver.id, credential: credential.id, kind, identity });
      throw forbidden(needed);
    }
    request.signpostAccess = result;
    return true;
  }

  private deny(
    context: ExecutionContext,
    request: GuardedRequest,
    denied: Pick<Access, 'status' | 'receiver' | 'credential' | 'kind' | 'identity'>,
  ): void {
    const action = this.metadata<AccessAction>(ACTION, context) ?? 'other';
    this.log.record({ ...denied, action, count: 0, address: callerAddress(request) });
  }

  /** What the handler says, or else its class. */
  private metadata<T>(key: symbol, context: ExecutionContext): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}
