import type { EndpointEntity } from './endpoint.entity.js';
import { sealContext, type Sealer } from './sealing.js';
import { maskUrl } from './url-masking.js';

/** What the row of an endpoint keeps of its URL: sealed, and as it may be shown. */
export function sealedUrl(
  sealer: Sealer,
  { id }: Pick<EndpointEntity, 'id'>,
  url: string,
): Pick<EndpointEntity, 'urlSealed' | 'urlShown'> {
  return { urlSealed: sealer.seal(url, sealContext(id, 'url')), urlShown: maskUrl(url) };
}

/** Whether it is this URL that the endpoint has. */
export function hasUrl(sealer: Sealer, endpoint: Pick<EndpointEntity, 'id' | 'urlSealed'>, url: string): boolean {
  return urlOf(sealer, endpoint) === url;
}

/** Whether the endpoint's URL has the origin of this one. */
export function hasOriginOf(sealer: Sealer, endpoint: Pick<EndpointEntity, 'id' | 'urlSealed'>, url: string): boolean {
  const known = urlOf(sealer, endpoint);
  return known !== undefined && new URL(known).origin === new URL(url).origin;
}

function urlOf(sealer: Sealer, { id, urlSealed }: Pick<EndpointEntity, 'id' | 'urlSealed'>): string | undefined {
  try {
    return sealer.open(urlSealed, sealContext(id, 'url'));
  } catch {
    // What it was cannot be read any more: a new one mends it.
    return undefined;
  }
}
