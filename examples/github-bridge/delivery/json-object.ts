import { DeliveryRefusedError } from './delivery-refused.js';

/** A JSON object, and the text that it was read from: the text is what is published, so that the payload stays what it was. */
export interface JsonObject {
  text: string;
  value: Readonly<Record<string, unknown>>;
}

// A byte order mark is no JSON, and must not vanish here.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws DeliveryRefusedError `malformed` */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new DeliveryRefusedError('malformed', 'The body is not UTF-8', { cause });
  }
}

/** @throws DeliveryRefusedError `malformed` */
export function readJsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // Without the parser's own words: they quote the payload.
    throw new DeliveryRefusedError('malformed', 'The payload is not JSON', { cause });
  }
  if (!isObject(value)) throw new DeliveryRefusedError('malformed', 'The payload is not a JSON object');
  return { text, value };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
