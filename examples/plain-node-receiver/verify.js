import { createHmac, timingSafeEqual } from 'node:crypto';

/** Standard Webhooks: a signature may be five minutes old, or ahead, since clocks differ. */
const TOLERANCE_SECONDS = 300;
/** More signatures than any sender needs are an attempt to keep us busy. */
const CANDIDATES_MAX = 10;

/**
 * Checks the Standard Webhooks signature (`v1`) of a request. Takes the raw bytes of the body: a body that was parsed and
 * written again is not what was signed.
 *
 * @param {Buffer} body
 * @param {import('node:http').IncomingMessage} request
 * @param {string} secret `whsec_…`
 * @returns {string | undefined} the signal's id, or undefined if the request proves nothing
 */
export function verifiedSignalId(body, request, secret) {
  const id = only(request, 'webhook-id');
  const timestamp = only(request, 'webhook-timestamp');
  const signatures = only(request, 'webhook-signature')?.split(' ');
  if (!id || !timestamp || !signatures || signatures.length > CANDIDATES_MAX) return undefined;
  if (id.includes('.') || !/^\d{10}$/.test(timestamp)) return undefined;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return undefined;

  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
  return signatures.some((signature) => equal(signature, expected)) ? id : undefined;
}

/** The header's value if it stands there exactly once; `request.headers` would join repeated ones. */
function only(request, name) {
  const values = request.headersDistinct[name] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/** In constant time: how long the comparison takes must not tell how much of a guess was right. */
function equal(text, expected) {
  const a = Buffer.from(text);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
