/** How the signals of an endpoint can be signed. */
export const SIGNATURE_SCHEMES = [
  'standard',
  'standard+ed25519',
  'github',
  'facebook',
  'rfc9421',
  'rfc9421+ed25519',
] as const;
export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

/** Whether the installation's own key signs as well. */
export function hasEd25519(scheme: SignatureScheme): boolean {
  return scheme === 'standard+ed25519' || scheme === 'rfc9421+ed25519';
}

const BODY_ONLY =
  'is for receivers that verify nothing else: it covers the body alone, so a receiver cannot tell a replayed signal by it, nor trust the ' +
  'headers beside it, and during a rotation it is made with the new and the former secret in turn. Use standard where you can.';

/** What whoever chooses a scheme should know of it, in a sentence; undefined where there is nothing to say. */
export function weaknessOf(scheme: SignatureScheme): string | undefined {
  if (scheme === 'github') return `The signature scheme github (HMAC-SHA256) ${BODY_ONLY}`;
  if (scheme === 'facebook') return `The signature scheme facebook (HMAC-SHA1, an outdated hash) ${BODY_ONLY}`;
  return undefined;
}
