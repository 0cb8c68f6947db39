import {
  Inject,
  Injectable,
  Optional,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { catchError, concatMap, from, type Observable } from 'rxjs';
import { membersRead } from '../../http/json-body.js';
import { IS_UNAVAILABLE, type IsUnavailable } from '../../http/problem.filter.js';
import { problemOfError } from '../../http/problem-of-error.js';
import { ID_PREFIX, isId } from '../../protocol/ids.js';
import { actorOf } from '../access/actor.js';
import { changeOf } from '../access/audited-change.js';
import { ChangeLog, type ChangeOutcome } from '../access/change-log.js';
import { adminProblem } from './admin-problem.filter.js';

const NOT_A_CHANGE = Symbol('signpost:not-a-change');
const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Leaves a route that is no read out of the audit of changes. `because` is for whoever reads the route. */
export const NotAChange = (because: string): MethodDecorator => SetMetadata(NOT_A_CHANGE, because);

/**
 * Leaves a row of every change that a route makes or refuses, whichever route it is. Bound where controllers are made, so that a new
 * route cannot be without it.
 */
@Injectable()
export class ChangeAudit implements NestInterceptor {
  constructor(
    @Inject(ChangeLog) private readonly log: ChangeLog,
    @Optional() @Inject(IS_UNAVAILABLE) private readonly isUnavailable: IsUnavailable = () => false,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<{ method: string }>();
    const exempt: unknown = Reflect.getMetadata(NOT_A_CHANGE, context.getHandler());
    if (READS.includes(request.method) || exempt !== undefined) return next.handle();

    const { actor, receiver } = actorOf(request);
    const end = await this.log.begin(changeOf(context, actor, receiver));
    const fields = () => membersRead(request);
    return next.handle().pipe(
      concatMap(async (result: unknown) => {
        const { statusCode } = http.getResponse<{ statusCode: number }>();
        await end({ ...named(result), status: statusCode, fields: fields() });
        return result;
      }),
      catchError((error: unknown) => {
        const status = problemOfError(adminProblem(error), this.isUnavailable).getStatus();
        return from(
          end({ status, fields: fields() }).then(() => {
            throw error;
          }),
        );
      }),
    );
  }
}

/** What was made, or changed, and whose it is, as the answer shows it. */
function named(result: unknown): Pick<ChangeOutcome, 'target' | 'receiver'> {
  if (typeof result !== 'object' || result === null) return {};
  const { id, name, receiver } = result as { id?: unknown; name?: unknown; receiver?: unknown };
  const target = typeof id === 'string' ? id : undefined;
  const own = target !== undefined && isId(ID_PREFIX.receiver, target) ? target : receiver;
  return {
    // An event type has a name and no id; other names are free text.
    target: target ?? (typeof name === 'string' ? name : undefined),
    receiver: typeof own === 'string' && isId(ID_PREFIX.receiver, own) ? own : undefined,
  };
}
