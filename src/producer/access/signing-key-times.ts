import type { SigningKeyOptions } from '../signpost-options.js';

/** RFC 9068 leaves it open; ten minutes is as long as a stolen token may be of use. */
export const LONGEST_TOKEN_LIFETIME_MS = 600_000;
const DEFAULT_JWKS_CACHE_MS = 600_000;
/** Beyond the time that others may keep the published keys: for requests on their way, and for clocks. */
const ACTIVATION_MARGIN_MS = 300_000;

export function jwksCacheMs({ jwksCacheMs = DEFAULT_JWKS_CACHE_MS }: SigningKeyOptions = {}): number {
  return jwksCacheMs;
}

export function activationDelayMs(options: SigningKeyOptions = {}): number {
  return options.activationDelayMs ?? jwksCacheMs(options) + ACTIVATION_MARGIN_MS;
}
