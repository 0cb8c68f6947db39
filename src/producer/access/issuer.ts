import type { SignpostOptions } from '../signpost-options.js';

const DEFAULT_PUBLIC_URL = 'http://127.0.0.1:3000';

/** The name of the installation in tokens, as issuer and as audience: where receivers reach it. */
export function issuerOf({ publicUrl = DEFAULT_PUBLIC_URL }: Pick<SignpostOptions, 'publicUrl'>): string {
  return publicUrl.replace(/\/+$/, '');
}

export function tokenEndpointOf(options: Pick<SignpostOptions, 'publicUrl'>): string {
  return `${issuerOf(options)}/oauth/token`;
}
