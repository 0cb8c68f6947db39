import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import { isEventType } from '../../protocol/event-type.js';
import { ID_PREFIX, isId, type ReceiverId } from '../../protocol/ids.js';
import { callerAddress, type AccessRequest } from './access-request.js';
import type { Actor, Change } from './change-log.js';
import { looksSecret } from './looks-secret.js';

const ACTION = Symbol('signpost:audited-change');
/** Where `@ApiOperation` of `@nestjs/swagger` keeps what it was told. */
const OPERATION = 'swagger/apiOperation';
const PREFIXES = Object.values(ID_PREFIX);

/** Names what a route does in the audit of changes, where its `operationId` would not say it well. */
export const AuditedChange = (action: string): MethodDecorator => SetMetadata(ACTION, action);

interface RoutedRequest extends AccessRequest {
  params?: Record<string, unknown>;
}

/** What a request sets about, before anything of it was read but its path. */
export function changeOf(context: ExecutionContext, actor: Actor, own?: ReceiverId): Change {
  const request = context.switchToHttp().getRequest<RoutedRequest>();
  const params = Object.entries(request.params ?? {}).filter(isTarget);
  const receiver = params.find(([, id]) => isId(ID_PREFIX.receiver, id))?.[1] as ReceiverId | undefined;
  return {
    actor,
    action: actionOf(context),
    target: params.at(-1)?.[1] ?? null,
    receiver: own ?? receiver ?? null,
    address: callerAddress(request),
  };
}

/** `createEndpoint` becomes `endpoint.create`: every route has a name, whether or not anybody thought of one. */
export function actionOf(context: ExecutionContext): string {
  const handler = context.getHandler();
  const named: unknown = Reflect.getMetadata(ACTION, handler);
  if (typeof named === 'string') return named;
  const operation = Reflect.getMetadata(OPERATION, handler) as { operationId?: string } | undefined;
  const [, verb, noun] = /^([a-z]+)([A-Z]\w*)$/.exec(operation?.operationId ?? '') ?? [];
  if (verb === undefined || noun === undefined) return `${context.getClass().name}.${handler.name}`;
  return `${noun.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase()}.${verb}`;
}

/** Ids, and types where one stands: whatever else is in a path may be a key that somebody pasted there. */
function isTarget(parameter: [string, unknown]): parameter is [string, string] {
  const [name, text] = parameter;
  if (typeof text !== 'string') return false;
  return PREFIXES.some((prefix) => isId(prefix, text)) || (name === 'type' && isEventType(text) && !looksSecret(text));
}
