import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';

const LIMIT = 1_000;
const LOOK_EVERY_MS = 5;

/** A receiver that follows the feed from its present end. @param {{ url: string, apiKey: string }} access */
export async function followFeed({ url, apiKey }) {
  const headers = { authorization: `Bearer ${apiKey}` };
  const page = async (query) => {
    const { statusCode, body } = await request(`${url}/v1/events?${query}`, { headers });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`The feed answered ${statusCode} ${text}`);
    return JSON.parse(text);
  };
  let { cursor } = await page('after=now');
  return {
    /** Resolves when `count` further events were read. */
    reads: async (count) => {
      for (let read = 0; read < count;) {
        const { events, ...rest } = await page(`limit=${LIMIT}&after=${encodeURIComponent(cursor)}`);
        cursor = rest.cursor;
        read += events.length;
        if (!rest.more) await pause(LOOK_EVERY_MS);
      }
    },
  };
}
