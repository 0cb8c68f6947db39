import { ProblemException } from '../../http/problem-exception.js';
import type { EndpointId, ReceiverId } from '../../protocol/ids.js';
import type { NoTest } from '../dispatch/dispatch-store.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { EndpointsService } from '../subscriptions/endpoints.service.js';
import type { TestResultDocument } from './attempt.view.js';

const NO_TEST: Readonly<Record<NoTest, string>> = {
  'in-flight': 'A signal to this endpoint is on its way; try again when it has ended.',
  unverified: 'The URL of this endpoint is not verified yet; it gets challenges and nothing else.',
};

/** @param owner only one of its own. @throws NotFoundError, ProblemException (`conflict`) */
export async function sendTest(
  endpoints: EndpointsService,
  dispatcher: Dispatcher,
  id: EndpointId,
  owner?: ReceiverId,
): Promise<TestResultDocument> {
  await endpoints.get(id, owner);
  const result = await dispatcher.sendTest(id);
  if (typeof result === 'string') throw new ProblemException('conflict', NO_TEST[result]);
  return result;
}
