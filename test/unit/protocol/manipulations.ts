import { BODY, honest, ID, messageHeaders, OTHER, SECRET, T, type Scheme, type Signed } from './signed-schemes.js';
import { keyIdOf } from '../../../src/protocol/key-id.js';
import { prepareSecret } from '../../../src/protocol/secrets.js';

/** What an attacker or a bad proxy does to an honest request of a scheme. */
export type Manipulation = [name: string, change: (request: Signed, scheme: Scheme) => Partial<Signed>];

const flipped = (text: string, bit: number): Buffer => {
  const bytes = Buffer.from(text);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes;
};
const swapCase = (text: string) =>
  text.replace(/[a-zA-Z]/g, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()));

const body = (name: string, change: (text: string) => string | Buffer): Manipulation => [
  name,
  ({ body: text }) => ({ body: change(String(text)) }),
];
const header = (name: string, which: string, change: (text: string) => string | string[] | undefined): Manipulation => [
  name,
  ({ headers }) => ({ headers: { ...headers, [which]: change(String(headers[which])) } }),
];
/** The signature's header as a whole. */
const field = (name: string, change: (text: string) => string | string[] | undefined): Manipulation => [
  name,
  ({ headers }, scheme) => ({ headers: { ...headers, [scheme.header]: change(String(headers[scheme.header])) } }),
];
/** The encoded signature in it. */
const value = (name: string, change: (text: string, bytes: Buffer, scheme: Scheme) => string): Manipulation => [
  name,
  ({ headers }, scheme) => {
    const [before, after] = scheme.wrap;
    const text = String(headers[scheme.header]).slice(before.length, -after.length || undefined);
    const changed = change(text, Buffer.from(text, scheme.encoding), scheme);
    return { headers: { ...headers, [scheme.header]: `${before}${changed}${after}` } };
  },
];

export const BODY_CHANGES: Manipulation[] = [
  body('first bit of the body', (text) => flipped(text, 0)),
  body('last bit of the body', (text) => flipped(text, text.length * 8 - 1)),
  body('a bit in the middle of the body', (text) => flipped(text, 99)),
  body('body cut by a byte', (text) => text.slice(0, -1)),
  body('body without its first byte', (text) => text.slice(1)),
  body('body longer by a line break', (text) => `${text}\n`),
  body('body longer by a space before', (text) => ` ${text}`),
  body('body longer by a zero byte', (text) => `${text}\0`),
  body('body with a byte order mark', (text) => `\uFEFF${text}`),
  body('no body', () => ''),
  body('body twice', (text) => text + text),
  body('body in UTF-16', (text) => Buffer.from(text, 'utf16le')),
  body('body in capitals', (text) => text.toUpperCase()),
  body('JSON written anew with spaces', (text) => JSON.stringify(JSON.parse(text), null, 1)),
  body('JSON with its members in another order', () => '{"data":{"n":1,"more":false},"type":"events.available"}'),
  body('JSON with a member twice', (text) => text.replace('{', '{"type":"x",')),
  body('JSON with an escape', (text) => text.replace('type', '\\u0074ype')),
  body('JSON with the same number written otherwise', (text) => text.replace('"n":1', '"n":1.0')),
  body('JSON with another value', (text) => text.replace('false', 'true')),
];

export const SIGNATURE_CHANGES: Manipulation[] = [
  field('no signature', () => undefined),
  field('an empty signature', () => ''),
  field('the signature twice', (text) => [text, text]),
  field('the signature twice, joined', (text) => `${text}, ${text}`),
  field('the signature twice, without anything between', (text) => text + text),
  field('a space before the signature', (text) => ` ${text}`),
  field('a space after the signature', (text) => `${text} `),
  field('a tab after the signature', (text) => `${text}\t`),
  field('a line break after the signature', (text) => `${text}\n`),
  field('a comma after the signature', (text) => `${text},`),
  field('the signature in quotes', (text) => `"${text}"`),
  field('the name of the scheme in capitals', (text) => text.replace(/^[a-z]+\d*/, (name) => name.toUpperCase())),
  field('the name of the scheme gone', (text) => text.replace(/^[^,=]*[,=]/, '')),
  field('the name of the scheme alone', (text) => /^[^,=]*[,=]/.exec(text)?.[0]),
  field('another scheme', (text) => text.replace(/^[a-z]+\d*a?/, 'v9')),
  value('cut by a character', (text) => text.slice(0, -1)),
  value('cut to half', (text) => text.slice(0, text.length / 2)),
  value('cut to nothing', () => ''),
  value('cut to a byte', (_, bytes, { encoding }) => bytes.subarray(0, 1).toString(encoding)),
  value('without its first byte', (_, bytes, { encoding }) => bytes.subarray(1).toString(encoding)),
  value('twice in one', (text) => text + text),
  value('longer by a byte', (_, bytes, { encoding }) => Buffer.concat([bytes, Buffer.of(0)]).toString(encoding)),
  value('in other case', swapCase),
  value('in capitals', (text) => text.toUpperCase()),
  value('in hexadecimal for base64, or the other way', (_, bytes, { encoding }) =>
    bytes.toString(encoding === 'hex' ? 'base64' : 'hex'),
  ),
  value('in base64 of its text', (text) => Buffer.from(text).toString('base64')),
  value('with = too much', (text) => `${text}=`),
  value('without =, or with 0x', (text, _, { encoding }) =>
    encoding === 'hex' ? `0x${text}` : text.replace(/=+$/, ''),
  ),
  value('with a space inside', (text) => `${text.slice(0, 8)} ${text.slice(8)}`),
  value('with a character that is none', (text) => `!${text.slice(1)}`),
  value('with its first bit flipped', (_, bytes, { encoding }) => flip(bytes, 0).toString(encoding)),
  value('with its last bit flipped', (_, bytes, { encoding }) => flip(bytes, bytes.length * 8 - 1).toString(encoding)),
  value('backwards', (_, bytes, { encoding }) => Buffer.from(bytes).reverse().toString(encoding)),
  value('of zeros', (_, bytes, { encoding }) => Buffer.alloc(bytes.length).toString(encoding)),
  value('of ones', (_, bytes, { encoding }) => Buffer.alloc(bytes.length, 255).toString(encoding)),
  ['of another body', ({ headers }, scheme) => ({ headers: { ...headers, ...scheme.sign(`${BODY} `, T) } })],
  ['by another key', ({ headers }, scheme) => ({ headers: { ...headers, ...scheme.sign(BODY, T, true) } })],
];

export const KEY_CHANGES: Manipulation[] = [
  ['a key of somebody else', (_, { wrongKeys }) => ({ key: wrongKeys[0] ?? '' })],
  ['a key of another kind', (_, { wrongKeys }) => ({ key: wrongKeys[1] ?? '' })],
];

/** What is signed beside the body, in the schemes that cover more than it. */
export const CONTENT_CHANGES: Manipulation[] = [
  header('another id', 'webhook-id', (id) => `${id}x`),
  header('id in capitals', 'webhook-id', (id) => id.toUpperCase()),
  header('id with a full stop', 'webhook-id', (id) => `${id}.`),
  header('id with a space after it', 'webhook-id', (id) => `${id} `),
  header('id with a line break', 'webhook-id', (id) => `${id}\nx: y`),
  header('no id', 'webhook-id', () => undefined),
  header('id twice', 'webhook-id', (id) => [id, id]),
  header('id twice, joined', 'webhook-id', (id) => `${id}, ${id}`),
  header('timestamp a second later', 'webhook-timestamp', (time) => String(Number(time) + 1)),
  header('timestamp with a zero before it', 'webhook-timestamp', (time) => `0${time}`),
  header('timestamp in milliseconds', 'webhook-timestamp', (time) => `${time}000`),
  header('timestamp with a fraction', 'webhook-timestamp', (time) => `${time}.0`),
  header('timestamp in hexadecimal', 'webhook-timestamp', (time) => `0x${Number(time).toString(16)}`),
  header('no timestamp', 'webhook-timestamp', () => undefined),
  header('timestamp twice', 'webhook-timestamp', (time) => [time, time]),
  ['301 s old', () => ({ now: T + 301 })],
  ['301 s from now', () => ({ now: T - 301 })],
  ['a year old', () => ({ now: T + 31_536_000 })],
  [
    'a replay with its timestamp made new',
    ({ headers }) => ({ headers: { ...headers, 'webhook-timestamp': String(T + 400) }, now: T + 400 }),
  ],
  [
    'bytes moved from the timestamp into the id',
    ({ headers }) => ({ headers: { ...headers, 'webhook-id': `${ID}.${T}`, 'webhook-timestamp': BODY } }),
  ],
  [
    'bytes moved from the body into the timestamp',
    ({ headers }) => ({ headers: { ...headers, 'webhook-timestamp': `${T}.{` }, body: BODY.slice(1) }),
  ],
  [
    'bytes moved from the timestamp into the body',
    ({ headers }) => ({
      headers: { ...headers, 'webhook-timestamp': String(T).slice(0, 9) },
      body: `${String(T).slice(9)}.${BODY}`,
    }),
  ],
  [
    'id and timestamp changed round',
    ({ headers }) => ({ headers: { ...headers, 'webhook-id': String(T), 'webhook-timestamp': ID } }),
  ],
  [
    'the signature of another scheme',
    ({ headers }, scheme) => {
      const { [scheme.header]: signature, ...rest } = headers;
      return { headers: { ...rest, 'x-hub-signature-256': signature, 'x-signature': signature } };
    },
  ],
];

const input = (name: string, change: (text: string) => string | string[] | undefined): Manipulation =>
  header(name, 'signature-input', change);

/** What HTTP Message Signatures have beside. */
export const MESSAGE_CHANGES: Manipulation[] = [
  ['another method', () => ({ method: 'PUT' })],
  ['the method in lower case', () => ({ method: 'post' })],
  ['another host', ({ url }) => ({ url: url.replace('hooks.', 'hook.') })],
  ['another port', ({ url }) => ({ url: url.replace('.com', '.com:8443') })],
  ['another path', ({ url }) => ({ url: url.replace('/in', '/IN') })],
  ['a path that goes on', ({ url }) => ({ url: url.replace('/in', '/in/') })],
  ['another query', ({ url }) => ({ url: url.replace('a=1', 'a=2') })],
  ['a query in another order', ({ url }) => ({ url: url.replace('a=1&b=%20', 'b=%20&a=1') })],
  ['a query written otherwise', ({ url }) => ({ url: url.replace('%20', '+') })],
  ['no query', ({ url }) => ({ url: url.replace(/\?.*/, '') })],
  header('another content type', 'content-type', () => 'text/plain'),
  header('a content type with a parameter', 'content-type', (type) => `${type}; charset=utf-8`),
  header('content type twice', 'content-type', (type) => [type, type]),
  header('no digest', 'content-digest', () => undefined),
  header('digest twice', 'content-digest', (digest) => [digest, digest]),
  header('another digest beside it', 'content-digest', (digest) => `${digest}, sha-512=:AAAA:`),
  header('digest under another name', 'content-digest', (digest) => digest.replace('sha-256', 'sha-512')),
  header('digest without its last character', 'content-digest', (digest) => digest.replace('=:', ':')),
  [
    'another body with its own digest',
    ({ headers }, scheme) => ({
      headers: { ...headers, 'content-digest': scheme.sign(`${BODY} `, T)['content-digest'] },
      body: `${BODY} `,
    }),
  ],
  input('no signature-input', () => undefined),
  input('an empty signature-input', () => ''),
  input('signature-input twice', (text) => [text, text]),
  input('signature-input under another label', (text) => text.replace('sig1', 'sig2')),
  input('a second label without a signature', (text) => `${text}, ${text.replace('sig1', 'sig2')}`),
  input('another time', (text) => text.replace(`created=${T}`, `created=${T + 1}`)),
  input('no time', (text) => text.replace(`created=${T};`, '')),
  input('a time in quotes', (text) => text.replace(`created=${T}`, `created="${T}"`)),
  input('a longer life', (text) => text.replace(/expires=\d+/, `expires=${T + 9_999}`)),
  input('an eternal life', (text) => text.replace(/;expires=\d+/, '')),
  input('a life that has ended', (text) => text.replace(/expires=\d+/, `expires=${T - 1}`)),
  input('another key id', (text) => text.replace(/keyid="./, 'keyid="_')),
  input('no key id', (text) => text.replace(/;keyid="[^"]*"/, '')),
  input('the algorithm of the other kind', (text) =>
    text.includes('hmac') ? text.replace('hmac-sha256', 'ed25519') : text.replace('ed25519', 'hmac-sha256'),
  ),
  input('no algorithm', (text) => text.replace(/;alg="[^"]*"/, '')),
  input('the algorithm none', (text) => text.replace(/alg="[^"]*"/, 'alg="none"')),
  input('another tag', (text) => text.replace('tag="signpost"', 'tag="other"')),
  input('no tag', (text) => text.replace(';tag="signpost"', '')),
  input('a parameter more', (text) => `${text};x=1`),
  input('a parameter twice', (text) => `${text};tag="signpost"`),
  input('parameters in another order', (text) => text.replace(/(;alg="[^"]*")(;tag="[^"]*")/, '$2$1')),
  input('a component less', (text) => text.replace(' "content-digest"', '')),
  input('no components', (text) => text.replace(/\(.*\)/, '()')),
  input('a component more', (text) => text.replace('("', '("host" "')),
  input('a component twice', (text) => text.replace('("@method"', '("@method" "@method"')),
  input('a component with a parameter', (text) => text.replace('"content-type"', '"content-type";sf')),
  input('a component of the response', (text) => text.replace('"@method"', '"@method";req')),
  input('a component in capitals', (text) => text.replace('content-type', 'Content-Type')),
  input('components in another order', (text) => text.replace('"@method" "@authority"', '"@authority" "@method"')),
  input('two spaces between components', (text) => text.replace('" "', '"  "')),
  input('a space before a parameter', (text) => text.replace(';keyid', '; keyid')),
  [
    'the same key twice',
    ({ headers, key }) => {
      const twice = [{ key: prepareSecret(SECRET) }, { key: prepareSecret(SECRET) }];
      return key === SECRET ? { headers: { ...headers, ...messageHeaders(BODY, T, twice) } } : { headers: {} };
    },
  ],
  [
    'a right signature beside a wrong one by a key that is known as well',
    ({ headers, key }) => {
      const keyid = keyIdOf(prepareSecret(key));
      const two = [{ key: prepareSecret(OTHER), keyid }, { key: prepareSecret(SECRET) }];
      return { headers: { ...headers, ...messageHeaders(BODY, T, two) } };
    },
  ],
  [
    'eleven labels',
    ({ headers }) => {
      const many = Array.from({ length: 11 }, (_, n) => ({ key: prepareSecret(SECRET), keyid: `k${n}` }));
      return { headers: { ...headers, ...messageHeaders(BODY, T, many) } };
    },
  ],
];

function flip(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

/** Everything that a verifier of the scheme must not accept. */
export function manipulationsOf({ name }: Scheme): Manipulation[] {
  const always = [...BODY_CHANGES, ...SIGNATURE_CHANGES, ...KEY_CHANGES];
  if (name === 'github' || name === 'facebook') return always;
  return [...always, ...CONTENT_CHANGES, ...(name.startsWith('rfc9421') ? MESSAGE_CHANGES : [])];
}

/** The honest request, changed. */
export function manipulated(scheme: Scheme, [, change]: Manipulation): Signed {
  const request = honest(scheme);
  return { ...request, ...change(request, scheme) };
}
