import { Param } from '@nestjs/common';
import { ProblemException } from '../../http/problem-exception.js';
import { isEventType } from '../../protocol/event-type.js';
import { isId, type IdOf, type IdPrefix } from '../../protocol/ids.js';

/**
 * An id in the path. A text that is no id of that kind is one that does not exist: 404, as for any other unknown id.
 *
 * @throws ProblemException (`not_found`)
 */
export const PathId = (name: string, prefix: IdPrefix): ParameterDecorator =>
  Param(name, { transform: (text: string): IdOf<IdPrefix> => known(isId(prefix, text), text) as IdOf<IdPrefix> });

/** An event type in the path; as `PathId`. */
export const PathEventType = (name: string): ParameterDecorator =>
  Param(name, { transform: (text: string): string => known(isEventType(text), text) });

function known(isKnown: boolean, text: string): string {
  if (!isKnown) throw new ProblemException('not_found');
  return text;
}
