import { assertExactJson } from '../../http/exact-json.js';
import { JsonCutter } from '../../http/json-cut.js';
import { checkJson } from '../../http/json-text.js';
import { ProblemException } from '../../http/problem-exception.js';
import type { StoredEvent } from '../log/event-store.js';
import { answerInTime, LateAnswerError } from './answer-in-time.js';
import type { Authenticated } from './authenticated.js';
import { PolicyError, type PolicyEvent, type PolicyProvider, type Projection } from './policy.js';
import { policyEvent, policyReceiver } from './policy-event.js';

/** A payload as JSON text, and pointers of what was withheld from it. */
export interface Projected {
  data: string;
  redacted: readonly string[];
}

/** Asks the application's policy. Whatever is no clear answer in time is a failure, and a failure is a 503: never the payload. */
export class ApplicationPolicy {
  constructor(
    private readonly provider: PolicyProvider,
    /** Time of one answer, in ms. */
    private readonly timeoutMs: number,
  ) {}

  /** Throws `ProblemException` (`unavailable`). */
  async admits(event: StoredEvent, access: Authenticated, view: PolicyEvent['view']): Promise<boolean> {
    const { provider } = this;
    if (!provider.canRead) return true;
    const answer = await this.ask('canRead', event, () =>
      provider.canRead?.(policyEvent(event, view), policyReceiver(access)),
    );
    return answer === true;
  }

  /** Undefined: the payload as it is. Throws `ProblemException` (`unavailable`). */
  async project(
    event: StoredEvent & { data: string },
    access: Authenticated,
    view: PolicyEvent['view'],
  ): Promise<Projected | undefined> {
    const { provider } = this;
    if (!provider.project) return undefined;
    return this.ask('project', event, async () => {
      const answer = await provider.project?.(policyEvent(event, view), policyReceiver(access));
      return answer === undefined ? undefined : projected(event.data, answer);
    });
  }

  private async ask<T>(what: string, { id }: StoredEvent, answer: () => T | Promise<T>): Promise<T> {
    try {
      return await answerInTime(this.timeoutMs, answer);
    } catch (error) {
      const cause = new PolicyError(`The policy's ${what} failed for ${id}: ${reasonOf(error)}`, { cause: error });
      const detail = 'Whether this may be read cannot be told at the moment.';
      throw new ProblemException('unavailable', detail, { headers: { 'retry-after': '1' }, cause });
    }
  }
}

/** Of an application's error the name alone: its message may quote the payload. */
function reasonOf(error: unknown): string {
  if (error instanceof PolicyError || error instanceof LateAnswerError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}

/** @throws PolicyError, and what JSON cannot hold */
function projected(data: string, projection: Projection): Projected {
  const { withhold, redacted = [], ...given } = { withhold: undefined, ...(projection as Partial<AnyProjection>) };
  if (withhold !== undefined && 'data' in given) throw new PolicyError('it answers either withhold or data');
  if (withhold !== undefined) {
    const { text, cut } = new JsonCutter(pointers(withhold)).cut(data);
    return { data: text, redacted: cut };
  }
  if (!('data' in given)) throw new PolicyError('it answers { withhold }, { data, redacted } or undefined');
  const text = assertExactJson(given.data);
  // As deep as a payload may be, too.
  checkJson(text);
  return { data: text, redacted: pointers(redacted) };
}

interface AnyProjection {
  withhold: unknown;
  data: unknown;
  redacted: unknown;
}

function pointers(given: unknown): string[] {
  if (!Array.isArray(given) || !given.every((pointer) => typeof pointer === 'string')) {
    throw new PolicyError('its pointers come as a list of text');
  }
  return given;
}
