const LONGEST_MS = 24 * 60 * 60 * 1_000;

const SECONDS = /^\d{1,10}$/;
/** The one form of date that may be sent (RFC 9110, section 5.6.7); `Date.parse` alone takes nearly any number for a date. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The `Retry-After` header (RFC 9110, section 10.2.3) as a wait in ms, at most 24 h; undefined when it says nothing that can be understood.
 * A date in the past is no wait.
 *
 * @param now Unix ms
 */
export function retryAfterMs(value: string | readonly string[] | undefined, now: number): number | undefined {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim() ?? '';
  const wait = SECONDS.test(text) ? Number(text) * 1_000 : HTTP_DATE.test(text) ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_MS);
}
