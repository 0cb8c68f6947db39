import { Inject, Injectable } from '@nestjs/common';
import { ProblemException } from '../../http/problem-exception.js';
import { ID_PREFIX, isId } from '../../protocol/ids.js';
import { AccessLog, type Access } from '../access/access-log.js';
import { callerAddress } from '../access/access-request.js';
import type { Authenticated } from '../access/authenticated.js';
import type { FetchRequest } from './fetch-request.js';

/** What a route notes of one request, beside who asked. */
export type Noted = Pick<Access, 'action' | 'status' | 'ids' | 'after' | 'through' | 'count'>;

/** Stands in the audit for what is no id of an event or an endpoint: it may be as long as a URL, or a key that somebody pasted there. */
const NO_ID = 'not-an-id';

/** Leaves the audit row of a request that was let in. */
@Injectable()
export class AccessNote {
  constructor(@Inject(AccessLog) private readonly log: AccessLog) {}

  note({ kind, receiver, credential, identity }: Authenticated, request: FetchRequest, noted: Noted): void {
    const { action, status, ids, after, through, count } = noted;
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

function isAskedFor(id: string): boolean {
  return isId(ID_PREFIX.event, id) || isId(ID_PREFIX.endpoint, id);
}
