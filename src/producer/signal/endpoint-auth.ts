import { checkCustomHeader } from './header-rules.js';

/** What a receiver asks its callers for: exactly one of the three. */
export type EndpointAuth =
  | { readonly basic: { readonly username: string; readonly password: string } }
  | { readonly bearer: string }
  | { readonly header: { readonly name: string; readonly value: string } };

/** What is wrong with it, and where: a JSON pointer below `auth`. */
export interface AuthFault {
  readonly pointer: string;
  readonly message: string;
}

const MASK = '***';

/** Characters; encoded, both together stay below what a header's value may have. */
const LONGEST_BASIC = 255;
const LONGEST_BEARER = 4_000;
/** RFC 6750, section 2.1. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
const CONTROL = /\p{Cc}/u;
/** Half a character has no UTF-8. */
const LONE_SURROGATE = /\p{Cs}/u;

/** What is wrong with it, in words for the endpoint's owner, never with a value in them; undefined when it may be sent. */
export function checkAuth(auth: EndpointAuth): AuthFault | undefined {
  if ('basic' in auth) return checkBasic(auth.basic.username, auth.basic.password);
  if ('bearer' in auth) return checkBearer(auth.bearer);
  const { name, value } = auth.header;
  if (value === MASK) return masked('/header/value');
  const fault = checkCustomHeader(name, value);
  return fault === null ? undefined : { pointer: '/header', message: `cannot be sent: ${fault}` };
}

/** The header that goes with every signal. The auth was checked with `checkAuth`. */
export function authHeader(auth: EndpointAuth): Record<string, string> {
  if ('bearer' in auth) return { authorization: `Bearer ${auth.bearer}` };
  if ('header' in auth) return { [auth.header.name]: auth.header.value };
  const { username, password } = auth.basic;
  // RFC 7617, in UTF-8.
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** As it is shown: its kind, and a header's name. A user name is masked as well, because many an API takes its key for one. */
export function maskAuth(auth: EndpointAuth): EndpointAuth {
  if ('bearer' in auth) return { bearer: MASK };
  if ('header' in auth) return { header: { name: auth.header.name, value: MASK } };
  return { basic: { username: MASK, password: MASK } };
}

function checkBasic(username: string, password: string): AuthFault | undefined {
  if (username === MASK && password === MASK) return masked('/basic');
  for (const [part, text] of Object.entries({ username, password })) {
    if (text.length > LONGEST_BASIC || CONTROL.test(text) || LONE_SURROGATE.test(text)) {
      const message = `must be text of ${LONGEST_BASIC} characters at most, without control characters`;
      return { pointer: `/basic/${part}`, message };
    }
  }
  // What stands behind the first colon is the password (RFC 7617, section 2).
  if (username.includes(':')) return { pointer: '/basic/username', message: 'must not have a colon in it' };
  if (username === '' && password === '')
    return { pointer: '/basic', message: 'has neither a user name nor a password' };
  return undefined;
}

function checkBearer(token: string): AuthFault | undefined {
  if (token === MASK) return masked('/bearer');
  if (token.length <= LONGEST_BEARER && TOKEN68.test(token)) return undefined;
  const message = `must be a token of 1 to ${LONGEST_BEARER} letters, digits or -._~+/, with = at its end at most; other text goes into a header`;
  return { pointer: '/bearer', message };
}

/** Whoever sends back what was shown would replace what is stored by asterisks. */
function masked(pointer: string): AuthFault {
  return { pointer, message: 'is the masked form that is shown; leave auth out to keep what is stored' };
}
