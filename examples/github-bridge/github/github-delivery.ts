import type { IncomingMessage } from 'node:http';
import type { EventInput } from 'nestjs-signpost';
import { DeliveryRefusedError } from '../delivery/delivery-refused.js';
import { eventType } from '../delivery/event-type.js';
import { headerValues, mediaType, onlyHeader } from '../delivery/headers.js';
import { isObject, readJsonObject, textOf } from '../delivery/json-object.js';

export interface GithubDelivery {
  event: EventInput;
  /** The same on every redelivery. */
  idempotencyKey: string;
}

/**
 * Reads a delivery whose signature is known to be right. The payload is kept as the text that GitHub wrote.
 *
 * @throws DeliveryRefusedError `malformed`, `unsupported_media_type`
 */
export function readGithubDelivery(request: IncomingMessage, body: Buffer): GithubDelivery {
  const { text, value } = readJsonObject(payloadText(request, body));
  return {
    event: {
      type: eventType('github', onlyHeader(request, 'x-github-event'), value['action']),
      subject: subjectOf(value),
      dataText: text,
    },
    // The delivery's id is the event's: webhooks of the repository, the organization and an app get one and the same, with payloads that differ.
    idempotencyKey: [
      'github',
      ...headerValues(request, 'x-github-hook-id'),
      onlyHeader(request, 'x-github-delivery'),
    ].join(':'),
  };
}

function payloadText(request: IncomingMessage, body: Buffer): string {
  switch (mediaType(request)) {
    case 'application/json':
      return textOf(body);
    case 'application/x-www-form-urlencoded':
      return formPayload(textOf(body));
    default:
      throw new DeliveryRefusedError(
        'unsupported_media_type',
        'The content type must be application/json or application/x-www-form-urlencoded',
      );
  }
}

/** Not by URLSearchParams: it puts replacement characters where the bytes are no UTF-8. */
function formPayload(form: string): string {
  const [payload, ...others] = form.split('&').filter((field) => field.startsWith('payload='));
  if (payload === undefined || others.length > 0) {
    throw new DeliveryRefusedError('malformed', 'The form must have one field "payload"');
  }
  try {
    return decodeURIComponent(payload.slice('payload='.length).replaceAll('+', ' '));
  } catch (cause) {
    throw new DeliveryRefusedError('malformed', 'The field "payload" is not URL-encoded UTF-8', { cause });
  }
}

/** Whose event it is: receivers that handle events in order do so by subject. */
function subjectOf({ repository, organization, enterprise }: Readonly<Record<string, unknown>>): string | null {
  return nameIn(repository, 'full_name') ?? nameIn(organization, 'login') ?? nameIn(enterprise, 'slug') ?? null;
}

function nameIn(value: unknown, member: string): string | undefined {
  const name = isObject(value) ? value[member] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
