import { isEventTypePattern } from '../../protocol/event-type.js';
import { HandlerSetupError } from './errors.js';
import type { HandlerContext, ReceivedEvent } from './received-event.js';

export interface Handler {
  /** `LeadHandlers.onLead`, for messages. */
  name: string;
  /** Event type or `prefix.*`; null: all others. */
  pattern: string | null;
  /** Whether it runs in the transaction that marks the event as done. */
  transaction: boolean;
  run(event: ReceivedEvent, context: HandlerContext): Promise<void> | void;
}

/** The handlers of one producer's events: closed once it is made, complete, and without two that could take the same place. */
export class HandlerRegistry {
  private readonly exact = new Map<string, Handler>();
  /** Longest prefix first. */
  private readonly prefixes: readonly (readonly [prefix: string, handler: Handler])[];
  private readonly others: Handler;

  /** @throws HandlerSetupError */
  constructor(producer: string, handlers: readonly Handler[]) {
    const prefixes = new Map<string, Handler>();
    let others: Handler | undefined;
    for (const handler of handlers) {
      const { pattern } = handler;
      if (pattern === null) {
        if (others) throw duplicate('@HandleOtherEvents()', others, handler);
        others = handler;
        continue;
      }
      if (!isEventTypePattern(pattern) || pattern === '*') throw badPattern(handler, pattern);
      const place = pattern.endsWith('.*') ? prefixes : this.exact;
      const key = pattern.endsWith('.*') ? pattern.slice(0, -1) : pattern;
      const taken = place.get(key);
      if (taken) throw duplicate(`@HandleEvent('${pattern}')`, taken, handler);
      place.set(key, handler);
    }
    if (!others) throw incomplete(producer);
    this.others = others;
    this.prefixes = [...prefixes].sort(([a], [b]) => b.length - a.length);
  }

  /** The most exact one: of the type itself, else of the longest prefix, else the one for all others. */
  handlerOf(type: string): Handler {
    const prefixed = () => this.prefixes.find(([prefix]) => type.startsWith(prefix))?.[1];
    return this.exact.get(type) ?? prefixed() ?? this.others;
  }

  /** What the application asks for by name. */
  get patterns(): string[] {
    return [...this.exact.keys(), ...this.prefixes.map(([prefix]) => `${prefix}*`)];
  }
}

function duplicate(what: string, first: Handler, second: Handler): HandlerSetupError {
  return new HandlerSetupError(
    `${first.name} and ${second.name} are both ${what}. Keep one; or say whose events each handles, with { producer: '…' }.`,
  );
}

function badPattern({ name }: Handler, pattern: string): HandlerSetupError {
  const fix =
    pattern === '*'
      ? 'use @HandleOtherEvents() for everything else'
      : 'use an event type such as invoice.paid, or a prefix such as invoice.*';
  return new HandlerSetupError(`${name}: @HandleEvent('${pattern}') names no event type; ${fix}`);
}

function incomplete(producer: string): HandlerSetupError {
  return new HandlerSetupError(
    `Events of "${producer}" whose type nobody handles would be dropped in silence. Add to a provider: ` +
      '@HandleOtherEvents() async onOther(event: ReceivedEvent) { … }',
  );
}
