const LONGEST_MS = 24 * 60 * 60 * 1_000;

const SECONDS = /^\d{1,10}$/;
/** Begins like one of the three dates of RFC 9110, section 5.6.7; `Date.parse` alone takes nearly any number for one. */
const HTTP_DATE = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? /;

/**
 * The `Retry-After` header (RFC 9110, section 10.2.3) as a wait in ms, at most 24 h; null when it says nothing that can be
 * understood. A date in the past is no wait.
 *
 * @param now Unix ms
 */
export function parseRetryAfter(value: string | string[] | undefined, now: number): number | null {
  const text = (Array.isArray(value) ? value[0] : value)?.trim();
  if (text === undefined) return null;
  const wait = SECONDS.test(text) ? Number(text) * 1_000 : parseHttpDate(text) - now;
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), LONGEST_MS);
}

function parseHttpDate(text: string): number {
  if (!HTTP_DATE.test(text)) return Number.NaN;
  // The asctime form names no zone, and Date.parse would take ours.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}
