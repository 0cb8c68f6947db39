/** Longest event type, in characters. */
const LONGEST = 128;

/**
 * An event type of the words of others: identifiers of `[a-zA-Z0-9_]`, joined by full stops. Every other character becomes `_` (a full stop as well: the
 * words decide on the levels, not what stands in them); words that are missing are left out; what is too long is cut.
 */
export function eventType(...words: readonly unknown[]): string {
  const identifiers = words.filter((word) => typeof word === 'string' && word !== '') as string[];
  return identifiers
    .map((word) => word.replaceAll(/[^a-zA-Z0-9_]/g, '_'))
    .join('.')
    .slice(0, LONGEST)
    .replace(/\.$/, '');
}
