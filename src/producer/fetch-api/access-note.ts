import { Inject, Injectable } from '@nestjs/common';
import { ProblemException } from '../../http/problem-exception.js';
import { ID_PREFIX, isId } from '../../protocol/ids.js';
import { AccessLog, type Access } from '../access/access-log.js';
import { callerAddress } from '../access/access-request.js';
import type { Authenticated } from '../access/authenticated.js';
import { looksSecret } from '../access/looks-secret.js';
import type { FetchRequest } from './fetch-request.js';

/** What a route notes of one request, beside who asked. */
export type Noted = Pick<Access, 'action' | 'status' | 'ids' | 'after' | 'through' | 'count' | 'types'>;

/** Stands in the audit for what is no id of an event or an endpoint: it may be as long as a URL, or a key that somebody pasted there. */
const NO_ID = 'not-an-id';
const NO_TYPE = 'not-a-type';
/** Characters of patterns that one row keeps: rows wait in memory while the database refuses, and there may be a hundred long ones in each. */
const MOST_OF_TYPES = 1_024;
/** Ends a list that was cut off. */
const MORE = '…';

/** Leaves the audit row of a request that was let in. */
@Injectable()
export class AccessNote {
  constructor(@Inject(AccessLog) private readonly log: AccessLog) {}

  note({ kind, receiver, credential, identity }: Authenticated, request: FetchRequest, noted: Noted): void {
    const { action, status, ids, after, through, count, types } = noted;
    // Spelled out: spreading one object into another was a twentieth of a single read.
    this.log.record({
      action,
      status,
      ids: ids && ids.map((id) => (isAskedFor(id) ? id : NO_ID)),
      after,
      through,
      count,
      receiver: receiver.id,
      credential: credential.id,
      address: callerAddress(request),
      kind,
      identity,
      types: types && kept(types),
    });
  }

  /** Runs `answer`; a problem that it ends in is noted as a denial. */
  async denials<T>(
    access: Authenticated,
    request: FetchRequest,
    asked: Pick<Noted, 'action' | 'ids'>,
    answer: () => Promise<T>,
  ): Promise<T> {
    try {
      return await answer();
    } catch (error) {
      const status = error instanceof ProblemException ? error.getStatus() : 500;
      this.note(access, request, { ...asked, status, count: 0 });
      throw error;
    }
  }
}

/** Patterns, which the edge has checked, as far as there is room. */
function kept(types: readonly string[]): string[] {
  const list: string[] = [];
  let room = MOST_OF_TYPES;
  for (const type of types) {
    room -= type.length;
    if (room < 0) return [...list, MORE];
    list.push(looksSecret(type) ? NO_TYPE : type);
  }
  return list;
}

function isAskedFor(id: string): boolean {
  return isId(ID_PREFIX.event, id) || isId(ID_PREFIX.endpoint, id);
}
