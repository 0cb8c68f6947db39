/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
/** Visible ASCII, single spaces inside; what else RFC 9110 admits is read differently by different servers. */
const VALUE = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
const LONGEST_VALUE = 4_096;

/**
 * What the client, the signature and the proxies on the way set; an endpoint that could set them could smuggle a second
 * request, pose as another sender, or overwrite its signature.
 */
const RESERVED = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'user-agent',
  'forwarded',
  'traceparent',
  'tracestate',
  'accept-encoding',
]);
const RESERVED_PREFIXES = ['content-', 'proxy-', 'x-forwarded-', 'x-hub-', 'x-github-', 'webhook-', 'signature'];

/** What is wrong with a header that an endpoint's owner wants on every signal, in words for the owner; null when it may be sent. */
export function checkCustomHeader(name: string, value: string): string | null {
  if (!TOKEN.test(name)) return `A header name is 1 to 64 letters, digits or !#$%&'*+-.^_\`|~`;
  const lower = name.toLowerCase();
  if (RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return `The header ${lower} is set by Signpost or by proxies; choose another name`;
  }
  if (value.length > LONGEST_VALUE) return `The value of ${lower} is longer than ${LONGEST_VALUE} characters`;
  if (!VALUE.test(value)) return `The value of ${lower} must be visible ASCII, with single spaces inside at most`;
  return null;
}
