import { MEDIA_TYPE } from '../protocol/headers.js';
import { problem } from '../protocol/problem.js';
import type { ProblemException } from './problem-exception.js';
import { problemOfError } from './problem-of-error.js';
import { reply } from './reply.js';

/** Answers with the problem, as `application/problem+json`. */
export function answerProblem(response: unknown, exception: ProblemException): void {
  const { code, detail, errors, members } = exception;
  const body = problem(code, detail, { ...members, ...(errors === undefined ? {} : { errors }) });
  reply(response, {
    status: body.status,
    headers: { 'cache-control': 'no-store', ...exception.headers, 'content-type': MEDIA_TYPE.problem },
    body: JSON.stringify(body),
  });
}

/**
 * For `new FastifyAdapter({ frameworkErrors: answerFrameworkError })`: what Fastify refuses before any route is found (a malformed URL,
 * a path segment that is too long) never comes to a filter of Nest.
 */
export function answerFrameworkError(error: unknown, _request: unknown, response: unknown): void {
  answerProblem(
    response,
    problemOfError(error, () => false),
  );
}
