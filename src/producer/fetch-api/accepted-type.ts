import { ProblemException } from '../../http/problem-exception.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';

export const EVENT_TYPES_SERVED = [MEDIA_TYPE.json, MEDIA_TYPE.cloudEvent] as const;
export const FEED_TYPES_SERVED = [MEDIA_TYPE.json, MEDIA_TYPE.cloudEventBatch, MEDIA_TYPE.ndjson] as const;

interface Range {
  type: string;
  quality: number;
}

/**
 * The served media type that `Accept` prefers (RFC 9110 §12.5.1); among equals the first of `served`.
 * Throws `ProblemException` (`not_acceptable`) when it admits none of them.
 */
export function acceptedType<Type extends string>(
  header: string | undefined,
  served: readonly [Type, ...Type[]],
): Type {
  const [first] = served;
  if (header === undefined || header === '*/*' || header === first) return first;
  const ranges = header.split(',').map(parseRange);
  let best: Type | undefined;
  let bestQuality = 0;
  for (const type of served) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) {
      best = type;
      bestQuality = quality;
    }
  }
  if (best === undefined)
    throw new ProblemException('not_acceptable', `Send Accept with one of: ${served.join(', ')}.`);
  return best;
}

/** Parameters other than `q` are ignored: none of the served types has any. */
function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = weight === undefined ? 1 : Number(weight);
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The most specific range that covers the type decides, so `*` may not bring back what a `q=0` took away. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  for (const wanted of [type, family, '*/*']) {
    const range = ranges.find((candidate) => candidate.type === wanted);
    if (range) return range.quality;
  }
  return 0;
}
