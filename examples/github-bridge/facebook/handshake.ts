import { createHash, timingSafeEqual } from 'node:crypto';
import { DeliveryRefusedError } from '../delivery/delivery-refused.js';

/** Facebook sends a number; others that use the same handshake, letters as well. Nothing that a browser could take for markup. */
const CHALLENGE = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * What to answer to `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, with which Facebook asks whether a subscription is ours.
 *
 * @throws DeliveryRefusedError `forbidden`, `malformed`
 */
export function answerHandshake(query: Readonly<Record<string, unknown>>, verifyToken: string): string {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query;
  if (mode !== 'subscribe' || typeof token !== 'string' || !isSame(token, verifyToken)) {
    throw new DeliveryRefusedError('forbidden', 'hub.mode is not "subscribe", or hub.verify_token is not ours');
  }
  if (typeof challenge !== 'string' || !CHALLENGE.test(challenge)) {
    throw new DeliveryRefusedError('malformed', 'hub.challenge must be 1 to 128 letters, digits, - and _');
  }
  return challenge;
}

/** Hashes have one length, whatever was sent: a comparison in constant time needs that. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
