const LONGEST = 200;
/** Control and format characters, lone surrogates, line and paragraph separators: they would forge or hide lines of a log. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * Text of the other side, made fit for an error message: on one line, 200 characters at most, and without the secrets, should the other side
 * (or a proxy that shows what it was sent) repeat them.
 */
export function serverText(text: string, secrets: readonly string[] = []): string {
  // Before it is cut, or the first half of a secret would stay.
  const hidden = secrets.reduce((shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '***')), text);
  const line = hidden.replace(UNSAFE, ' ').trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1).trimEnd()}…`;
}
