import { Inject, Injectable } from '@nestjs/common';
import type { EndpointId } from '../../protocol/ids.js';
import type { Authenticated } from '../access/authenticated.js';
import { AccessNote } from '../fetch-api/access-note.js';
import type { FetchRequest } from '../fetch-api/fetch-request.js';
import { endpointProblem } from './endpoint-problem.js';

/** One request about the receiver's own endpoints. */
export interface EndpointRequest {
  access: Authenticated;
  request: FetchRequest;
  /** None where one is made, or all are listed. */
  endpoint?: EndpointId;
}

/** Leaves the audit row of each request to the self-service API that was let in: of reads, of changes, and of those that were refused. */
@Injectable()
export class EndpointAccess {
  constructor(@Inject(AccessNote) private readonly note: AccessNote) {}

  read<T>(asked: EndpointRequest, work: () => Promise<T>): Promise<T> {
    return this.noted(asked, 200, work);
  }

  /** What it changes stands in the audit of changes as well. */
  change<T>(asked: EndpointRequest, status: number, work: () => Promise<T>): Promise<T> {
    return this.noted(asked, status, work);
  }

  private async noted<T>(
    { access, request, endpoint }: EndpointRequest,
    status: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const about = { action: 'endpoints', ...(endpoint === undefined ? {} : { ids: [endpoint] }) } as const;
    const done = await this.note.denials(access, request, about, () =>
      work().catch((error: unknown) => {
        throw endpointProblem(error);
      }),
    );
    this.note.note(access, request, { ...about, status, count: 0 });
    return done;
  }
}
