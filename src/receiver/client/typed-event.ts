import type { EventView } from '../../protocol/event.js';

/**
 * The type of an event that the client's event map does not name. At run time it is text like any other; to the compiler it is an enumeration
 * that exists nowhere, since that is the one kind of text which comparing with a name of the map rules out: with plain
 * `string`, `type === 'invoice.paid'` would leave this case in, and the payload `unknown`.
 */
declare enum OtherEventType {
  NotInTheMap = '',
}

/** An event whose type the client's event map does not name: an old one, or one that the producer has added since. */
export interface OtherEvent extends EventView {
  type: OtherEventType;
}

/** An event of one type of the map, with its payload's type. */
export type EventOfType<Events extends object, Type extends keyof Events & string> = EventView<Events[Type]> & {
  type: Type;
};

/**
 * What a client of this event map yields: a union that `type` tells apart, `OtherEvent` for the rest. Without a map, plain events. The map is
 * a promise of the producer's that nobody checks at run time.
 */
export type EventOf<Events extends object> = string extends keyof Events
  ? EventView
  : { [Type in keyof Events & string]: EventOfType<Events, Type> }[keyof Events & string] | OtherEvent;
