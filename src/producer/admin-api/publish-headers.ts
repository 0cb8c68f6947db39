import { applyDecorators, createParamDecorator, Headers, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { ProblemException } from '../../http/problem-exception.js';
import { HEADER } from '../../protocol/headers.js';
import { IDEMPOTENCY_KEY_PATTERN } from '../publish/event-input.js';

/** The `Idempotency-Key` header, if there is one. Sent twice, Node joins the two with a space, which no key has. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
  const key = headers[HEADER.idempotencyKey];
  if (key === undefined || IDEMPOTENCY_KEY_PATTERN.test(key)) return key;
  throw new ProblemException(
    'invalid_request',
    'Idempotency-Key must be 1 to 255 visible ASCII characters, sent once.',
  );
});

/** The `traceparent` header. A malformed one is ignored where events are made: it is no reason to lose one. */
export const Traceparent = (): ParameterDecorator => Headers(HEADER.traceparent);

/** Documents both. */
export const ApiPublishHeaders = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Makes it safe to repeat the request: the same key again writes nothing and gives the first answer, with 200. ' +
        'Held for as long as the event is in the log.',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
      example: 'invoice-INV-2026-0042-paid',
    }),
    ApiHeader({
      name: 'traceparent',
      required: false,
      description: 'W3C Trace Context of the cause; sent on with the signal. Ignored when malformed.',
      schema: { type: 'string' },
      example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    }),
  );
