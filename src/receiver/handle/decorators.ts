import { SetMetadata } from '@nestjs/common';
import type { HandlerContext, ReceivedEvent } from './received-event.js';

/** Whose events a handler takes, and how it runs. */
export interface HandlerOptions {
  /** Name of the receiver module whose events these are. Default: of every one in the application. */
  producer?: string;
  /**
   * `false`: no transaction is open while the handler runs; for effects outside the database, which a rollback could not take back. They
   * happen at least once: give the event's id along as the idempotency key. Default `true`.
   */
  transaction?: boolean;
}

/** What a decorated method handles; a pattern of `null` is everything that no other handler takes. */
export interface HandlerMetadata extends HandlerOptions {
  pattern: string | null;
}

export const HANDLER_METADATA = Symbol('SIGNPOST_HANDLER');

/** `never`: whatever payload the method declares, it may be given one of that type. */
type HandlerMethod = (event: ReceivedEvent<never>, context: HandlerContext) => Promise<void> | void;
type HandlerDecorator = <Method extends HandlerMethod>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * The method handles events of this type, or of all types below `prefix.*`; the most exact pattern gets an event. It stands in a provider
 * or controller of the application, which is found at start; two handlers for one pattern stop the start.
 */
export const HandleEvent = (pattern: string, options: HandlerOptions = {}): HandlerDecorator =>
  SetMetadata(HANDLER_METADATA, { ...options, pattern } satisfies HandlerMetadata);

/** The method handles every event that has no handler of its own. An application must have one: unknown types are never dropped in silence. */
export const HandleOtherEvents = (options: HandlerOptions = {}): HandlerDecorator =>
  SetMetadata(HANDLER_METADATA, { ...options, pattern: null } satisfies HandlerMetadata);
