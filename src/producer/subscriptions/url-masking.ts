const MASK = '***';

/** Longer than nearly all words in paths; a token may well be shorter, but then it has digits or capitals in it. */
const LONGEST_WORD = 16;
const LONGEST_SEGMENT = 40;
/** Four words and more read like a passphrase. */
const MOST_PARTS = 3;
/** Years, versions, small ids; longer numbers may be access codes. */
const NUMBER = /^\d{1,5}$/;
/** `hooks`, `Acme`, `webhookReceiver`, `API`, each with a small number behind: `v1`, `step2`, `tenant042`. */
const WORD = /^(?:[A-Z]?[a-z]+|[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,}){1,2}|[A-Z]{1,5})\d{0,3}$/;
const VOWEL = /[aeiouy]/i;
const CONSONANT_RUN = /[^aeiouy\d]{5}/i;
/** Words that announce a secret: what shares a segment with one, or follows one, is masked however it looks. */
const ANNOUNCES =
  /^(?:api|access|auth|private|secret|client|bot)?(?:tokens?|secrets?|keys?|passwords?|pass|pwd|tok|sk|pk|sig|signature|whsec|bearer|jwt)$/i;

/**
 * A URL as it may be shown and logged. Every value of the query and every path segment that may be a token becomes `***`;
 * origin and plain words stay. When in doubt, it masks.
 */
export function maskUrl(url: string): string {
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${maskPath(pathname)}${maskQuery(search)}`;
}

function maskPath(path: string): string {
  const segments = path.split('/');
  return segments
    .map((segment, index) => {
      if (segment === '') return segment;
      return announces(segments[index - 1]) ? MASK : maskName(segment);
    })
    .join('/');
}

function maskQuery(search: string): string {
  if (search.length < 2) return search;
  return `?${search
    .slice(1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      // A bare parameter has no name to show: it may be the token itself.
      return equals === -1 ? MASK : `${maskName(pair.slice(0, equals))}=${MASK}`;
    })
    .join('&')}`;
}

function maskName(name: string): string {
  return announces(name) || isPlain(name) ? name : MASK;
}

function announces(segment: string | undefined): boolean {
  return segment !== undefined && ANNOUNCES.test(segment.replace(/[-_.]/g, ''));
}

function isPlain(segment: string): boolean {
  if (segment.length > LONGEST_SEGMENT) return false;
  const parts = segment.split(/[-_.~]/).filter((part) => part !== '');
  if (parts.length > MOST_PARTS) return false;
  if (parts.length > 1 && parts.some((part) => ANNOUNCES.test(part))) return false;
  return parts.every((part) => NUMBER.test(part) || isWord(part));
}

function isWord(part: string): boolean {
  if (part.length > LONGEST_WORD || !WORD.test(part)) return false;
  return part.length <= 5 || (VOWEL.test(part) && !CONSONANT_RUN.test(part));
}
