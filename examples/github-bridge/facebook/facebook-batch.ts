import type { EventInput } from 'nestjs-signpost';
import { DeliveryRefusedError } from '../delivery/delivery-refused.js';
import { eventType } from '../delivery/event-type.js';
import { isObject, readJsonObject } from '../delivery/json-object.js';
import { type JsonPart, jsonMember, jsonParts } from '../delivery/json-parts.js';

/** The lists of an entry that hold what happened. */
const LISTS = ['changes', 'messaging', 'standby'] as const;

/**
 * The events in a delivery: one for each change or message, in their order. Each has the payload that Facebook would have sent had it not put several
 * into one: the same text, with one entry and one change in it. An entry without such a list is one event, and so is one with two of them.
 *
 * @throws DeliveryRefusedError `malformed`
 */
export function readFacebookBatch(body: string): EventInput[] {
  const { text, value } = readJsonObject(body);
  const entries = jsonMember(text, 'entry');
  if (typeof value['object'] !== 'string' || !entries || !Array.isArray(value['entry'])) {
    throw new DeliveryRefusedError('malformed', 'The payload must have an "object" and a list "entry"');
  }
  const object = value['object'];
  return jsonParts(entries.text).flatMap((entry) =>
    entryEvents(object, entry.text).map((event) => ({ ...event, dataText: cutDown(text, entries, event.dataText) })),
  );
}

type EntryEvent = EventInput & { dataText: string };

/** The events of an entry; their texts are the entry, cut down. */
function entryEvents(object: string, text: string): EntryEvent[] {
  const { value } = readJsonObject(text);
  const subject = idIn(text);
  const [name, ...others] = LISTS.filter((list) => Array.isArray(value[list]));
  const list = name && others.length === 0 ? jsonMember(text, name) : undefined;
  if (!list) return [{ type: eventType('facebook', object), subject, dataText: text }];
  return jsonParts(list.text).map((item) => ({
    type: eventType('facebook', object, name === 'changes' ? fieldOf(item.text) : name),
    subject,
    dataText: cutDown(text, list, item.text),
  }));
}

/** The text with that item alone in its list. Where it is alone already, not even white space changes. */
function cutDown(text: string, list: JsonPart, item: string): string {
  const isAlone = list.text.slice(1, -1).trim() === item;
  return isAlone ? text : `${text.slice(0, list.start)}[${item}]${text.slice(list.end)}`;
}

function fieldOf(change: string): unknown {
  const value: unknown = JSON.parse(change);
  return isObject(value) ? value['field'] : undefined;
}

/** Cut out as text: an id that was sent as a number may have more digits than a number holds. */
function idIn(entry: string): string | null {
  const id = jsonMember(entry, 'id')?.text ?? '';
  if (/^\d+$/.test(id)) return id;
  return id.startsWith('"') && id !== '""' ? (JSON.parse(id) as string) : null;
}
