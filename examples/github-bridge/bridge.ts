import type { LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { answerFrameworkError, isRetryableDatabaseError, ProblemFilter } from 'nestjs-signpost';
import { BridgeModule } from './bridge.module.js';
import { keepRawBodies } from './raw-bodies.js';
import type { BridgeSettings } from './settings.js';

/** Bytes of a delivery, at most; more is answered 413. GitHub sends nothing above 25 MB. */
export const LARGEST_DELIVERY = 25 * 1024 * 1024;
/** A request that has not arrived whole by then is cut off. GitHub itself gives up after 10 s. */
const REQUEST_TIMEOUT_MS = 30_000;
/** An event type in a path of the fetch API has up to 128 characters; Fastify's default is 100. */
const LONGEST_PATH_PARAMETER = 256;

/** The application, complete but not listening. */
export async function createBridge(
  settings: BridgeSettings,
  logger: LogLevel[] | false = ['warn', 'error', 'fatal'],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: LARGEST_DELIVERY,
    requestTimeout: REQUEST_TIMEOUT_MS,
    frameworkErrors: answerFrameworkError,
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER },
  });
  const app = await NestFactory.create<NestFastifyApplication>(BridgeModule.with(settings), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger,
  });
  keepRawBodies(app);
  // A locked or full database becomes 503 with Retry-After, a body that is too large 413.
  app.useGlobalFilters(new ProblemFilter(isRetryableDatabaseError));
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  return app;
}
