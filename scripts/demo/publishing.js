import { setTimeout as pause } from 'node:timers/promises';

/** Producers that publish side by side. */
const PRODUCERS = 4;
/** After each event: slow enough to watch. */
const PACE_MS = 50;

/**
 * Publishes every payload.
 * @param {object} settings
 * @param {import('./admin-client.js').AdminClient} settings.admin
 * @param {import('./payloads.js').Payload[]} settings.payloads
 * @param {import('./narrator.js').Narrator} settings.narrator
 * @param {Record<number, () => void>} settings.at what is to happen while the payload of that number is on its way
 * @returns {Promise<Map<string, import('./payloads.js').Payload>>} the payloads by the ids of their events
 */
export async function publishAll({ admin, payloads, narrator, at }) {
  const published = new Map();
  const waiting = payloads.entries();
  const producer = async () => {
    // The producers share the iterator: each payload goes to the one that is free.
    for (const [index, payload] of waiting) {
      const answer = admin.publish(payload);
      at[index]?.();
      published.set(await answer, payload);
      narrator.published(published.size, payloads.length);
      await pause(PACE_MS);
    }
  };
  await Promise.all(Array.from({ length: PRODUCERS }, producer));
  return published;
}
