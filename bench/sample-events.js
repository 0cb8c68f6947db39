import { randomBytes } from 'node:crypto';

/** JSON text of about a kilobyte that does not compress or repeat. */
const randomText = () => randomBytes(480).toString('hex');

const TEXTS = Array.from({ length: 64 }, randomText);

/** Payload of about 1 KB, as JSON. */
export function payload(number) {
  return { number, currency: 'EUR', text: TEXTS[number % TEXTS.length] };
}

/** Events published in one transaction, and transactions under way at once, on both ways. */
export const BATCH = 100;
const UNDER_WAY = 4;

/**
 * Publishes `total` events as fast as `publish` takes them.
 * @param {number} total a multiple of `BATCH`
 * @param {(events: object[]) => Promise<unknown>} publish
 */
export async function publishAll(total, publish) {
  let next = 0;
  const worker = async () => {
    while (next < total) {
      const first = next;
      next += BATCH;
      await publish(Array.from({ length: BATCH }, (_, at) => ({ type: 'invoice.paid', data: payload(first + at) })));
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, worker));
}
