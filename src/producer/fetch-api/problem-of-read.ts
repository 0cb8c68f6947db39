import { ProblemException } from '../../http/problem-exception.js';
import type { EventRead } from './event-reader.js';

/** Without the id: an unknown event, another tenant's and a made-up id are answered with the same bytes. */
export function problemOfRead(read: Exclude<EventRead, { kind: 'found' }>): ProblemException {
  if (read.kind === 'not_found') return new ProblemException('not_found');
  const detail =
    read.code === 'gone_erased'
      ? 'The event stays in the log; its payload was erased on request.'
      : 'The event was there; its payload has left the retention period.';
  return new ProblemException(read.code, detail);
}
