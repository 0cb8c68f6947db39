import { ApiParam } from '@nestjs/swagger';
import { ID_PREFIX } from '../../protocol/ids.js';

/** Documents an id in the path. */
export function ApiId(name: string, kind: keyof typeof ID_PREFIX): MethodDecorator {
  const example = `${ID_PREFIX[kind]}_01kaz8fp3wfj2taq4k3bv8s5ch`;
  return ApiParam({ name, description: `The ${kind}'s id.`, schema: { type: 'string' }, example });
}
