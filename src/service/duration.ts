const UNITS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `500ms`, `5s`, `2m` (or `2min`), `10h`, `30d` in milliseconds; undefined if the text is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|min|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** A list such as `5s,30s,2m`; undefined if it is empty or one of its members is no duration above zero. */
export function parseDurations(text: string): number[] | undefined {
  const durations = text.split(',').map(parseDuration);
  return durations.every((duration) => duration !== undefined && duration > 0) ? (durations as number[]) : undefined;
}
