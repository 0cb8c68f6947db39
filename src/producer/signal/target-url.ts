import { type Address, parseAddress } from './address-ranges.js';
import { TargetRefusedError } from './target-refused-error.js';

/** A URL that is sound as text; where it leads is not looked at yet. */
export interface TargetUrl {
  /** Normalised, as it is stored. */
  readonly href: string;
  readonly origin: string;
  /** Path and query, as they go into the request line. */
  readonly path: string;
  readonly secure: boolean;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The host, if it is an IP address. */
  readonly address: Address | null;
}

const LONGEST_BYTES = 2_048;

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const SLASHES = /^[a-z]+:\/\/(?!\/)/i;
/**
 * Parsers disagree on all of these: the WHATWG one drops tabs and line breaks, takes a backslash for a slash and trims; others do
 * not, and so would see another host. Format characters (zero width, direction) also hide from the eye what is there.
 */
const AMBIGUOUS = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u;

/** RFC 1123, section 2.1, and the underscore, which DNS carries and some hosts have. */
const LABEL = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;
const LONGEST_NAME = 253;

/**
 * Names that mean something inside a machine or a network, or that never resolve: RFC 6761 (`localhost`, `invalid`), RFC 6762
 * (`local`, and the private ones of its appendix G), RFC 7686, RFC 8375 and RFC 9476, ICANN's `internal`, and `arpa`, which is for
 * infrastructure. `test` and `example` are not here: RFC 6761 (6.2 and 6.5) asks applications to treat them as any other name, and DNS answers for them.
 */
const SPECIAL_SUFFIXES = new Set(
  'localhost localdomain local internal intranet private corp home lan invalid onion alt arpa'.split(' '),
);

/**
 * Checks the text of a URL and reads it.
 *
 * @throws TargetRefusedError
 */
export function parseTargetUrl(raw: string): TargetUrl {
  checkRawForm(raw);
  let url: URL;
  try {
    url = new URL(raw);
  } catch (cause) {
    throw new TargetRefusedError(
      'unparseable',
      'The URL cannot be read; write it like https://hooks.example.com/path',
      { cause },
    );
  }
  // Escapes may have made it longer.
  checkLength(url.href);
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const address = parseAddress(hostname);
  if (address === null) checkName(hostname);
  const secure = url.protocol === 'https:';
  return {
    href: url.href,
    origin: url.origin,
    path: url.pathname + url.search,
    secure,
    hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    address,
  };
}

function checkRawForm(raw: string): void {
  checkLength(raw);
  if (AMBIGUOUS.test(raw)) {
    throw new TargetRefusedError(
      'raw_form',
      'The URL holds a backslash, white space or an invisible character; take it out',
    );
  }
  const scheme = SCHEME.exec(raw)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    throw new TargetRefusedError('unparseable', 'The URL has no scheme; begin it with https://');
  }
  if (scheme !== 'https' && scheme !== 'http') {
    throw new TargetRefusedError('scheme', `Signals do not go to ${scheme}: URLs; begin it with https://`);
  }
  if (!SLASHES.test(raw)) {
    throw new TargetRefusedError('raw_form', `Write exactly two slashes between ${scheme}: and the host`);
  }
  // Empty ones too, which the parser drops.
  const [, authority = ''] = /^[^/]*\/\/([^/?#]*)/.exec(raw) ?? [];
  if (authority.includes('@')) {
    throw new TargetRefusedError(
      'userinfo',
      'Take the user name and password out of the URL; give them as the auth of the endpoint',
    );
  }
  if (raw.includes('#')) {
    throw new TargetRefusedError('fragment', 'Take the # and what follows out of the URL; fragments are never sent');
  }
}

function checkLength(text: string): void {
  if (Buffer.byteLength(text) <= LONGEST_BYTES) return;
  throw new TargetRefusedError(
    'too_long',
    `The URL is longer than ${LONGEST_BYTES} bytes; move what varies into the receiver`,
  );
}

function checkName(name: string): void {
  const labels = name.split('.');
  if (name.length > LONGEST_NAME || !labels.every((label) => LABEL.test(label))) {
    throw new TargetRefusedError(
      'host_syntax',
      'The host is no valid name; write a full one like hooks.example.com, without a dot at the end',
    );
  }
  const last = labels[labels.length - 1] ?? '';
  if (labels.length === 1 || SPECIAL_SUFFIXES.has(last)) {
    const fix =
      last === 'localhost' ? 'an address like 127.0.0.1 that SIGNPOST_ALLOW_TARGETS covers' : 'a full public name';
    throw new TargetRefusedError('special_name', `The host ${name} has a meaning inside one network only; use ${fix}`);
  }
}
