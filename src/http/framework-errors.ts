import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ProblemFilter } from './problem.filter.js';

const filter = new ProblemFilter();

/**
 * For `new FastifyAdapter({ frameworkErrors })`: what Fastify refuses before there is a route, and so before any filter (an escape
 * in the path that is none, a path segment beyond `maxParamLength`), is answered as a problem too.
 */
export function answerFrameworkError(error: unknown, request: unknown, reply: unknown): void {
  filter.catch(error, new ExecutionContextHost([request, reply]));
}

/** For Fastify's `routerOptions.maxParamLength`: an event type in a path has up to 128 characters, Fastify's default is 100. */
export const LONGEST_PATH_PARAMETER = 256;
