/** Longer pointers lead deeper than a payload sensibly goes. */
export const MAX_POINTER_TOKENS = 32;
export const MAX_POINTER_LENGTH = 1_024;

/**
 * The reference tokens of a JSON pointer (RFC 6901 §3), unescaped; none for the whole document. Undefined for what is no pointer, or has
 * more than `MAX_POINTER_TOKENS` tokens or `MAX_POINTER_LENGTH` characters.
 */
export function pointerTokens(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || pointer.length > MAX_POINTER_LENGTH || /~(?![01])/.test(pointer)) return undefined;
  const tokens = pointer.slice(1).split('/');
  if (tokens.length > MAX_POINTER_TOKENS) return undefined;
  // In this order: ~01 is the text ~1 (RFC 6901 §4).
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
