import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  AdminKeysService,
  answerClientError,
  answerFrameworkError,
  isDatabaseUnavailable,
  limitServer,
  ProblemFilter,
  type ServerLimits,
} from '../index.js';
import { serveDocuments } from './documents.js';
import { readEnvironment, type DatabaseSettings, type ServiceSettings } from './environment.js';
import { keptMasterKey } from './master-key.js';
import { keepRawBodies, LARGEST_BODY } from './raw-bodies.js';
import { ServiceLogger } from './service-logger.js';
import { ServiceModule } from './service.module.js';

/** An event type in a path has up to 128 characters; Fastify's default is 100. */
const LONGEST_PATH_PARAMETER = 256;
/** How often connections are looked through for slow ones. */
const CHECK_INTERVAL_MS = 5_000;
/** How long a start waits for PostgreSQL, and between two looks. */
const DATABASE_WITHIN_MS = 60_000;
const DATABASE_PAUSE_MS = 1_000;

/**
 * Starts the service and resolves when it listens. SIGTERM and SIGINT end it in order, with exit code 0.
 *
 * @throws EnvironmentError
 */
export async function serve(env: NodeJS.ProcessEnv): Promise<NestFastifyApplication> {
  const settings = readEnvironment(env);
  const masterKey = settings.masterKey ?? keptMasterKey(settings.database);
  const app = await createdWhenThere(settings, masterKey);
  try {
    const keys = app.get(AdminKeysService);
    // A key that was given is known before the first request; one is made only once the port is ours, because nobody would see
    // the key of a service that does not start.
    if (settings.adminKey !== undefined) await keys.ensureBootstrapKey(settings.adminKey);
    await app.listen(settings.port, settings.host);
    const made = settings.adminKey === undefined ? await keys.ensureBootstrapKey() : undefined;
    announce(settings, await app.getUrl(), made);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** A server that is starting, or failing over, is waited for: nodes and their database may be started in any order. */
async function createdWhenThere(settings: ServiceSettings, masterKey: string): Promise<NestFastifyApplication> {
  const deadline = performance.now() + DATABASE_WITHIN_MS;
  for (let told = false; ; told = true) {
    try {
      return await createService(settings, masterKey);
    } catch (error) {
      const wait = settings.database.type === 'postgres' && isDatabaseUnavailable(error);
      if (!wait || performance.now() > deadline) throw error;
      if (!told) new Logger('Signpost').warn(`Waiting for PostgreSQL: ${(error as Error).message}`);
      await setTimeout(DATABASE_PAUSE_MS);
    }
  }
}

/** The application, complete but not listening. */
export async function createService(
  settings: ServiceSettings,
  masterKey: string,
  limits: ServerLimits & { checkIntervalMs?: number } = {},
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: LARGEST_BODY,
    forceCloseConnections: 'idle',
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
    http: { connectionsCheckingInterval: limits.checkIntervalMs ?? CHECK_INTERVAL_MS },
    trustProxy: settings.trustProxy,
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER },
  });
  const app = await NestFactory.create<NestFastifyApplication>(ServiceModule.for(settings, masterKey), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new ServiceLogger({ json: settings.production, logLevels: ['log', 'warn', 'error', 'fatal'] }),
  });
  limitServer(app.getHttpServer(), { maxConnections: settings.maxConnections, ...limits });
  keepRawBodies(app);
  app.useGlobalFilters(new ProblemFilter(isDatabaseUnavailable));
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  if (settings.role !== 'dispatch') serveDocuments(app, settings.publicUrl);
  await app.init();
  return app;
}

function shownDatabase(database: DatabaseSettings): string {
  if (database.type === 'sqlite') return `sqlite:${database.path}`;
  const { host, pathname } = new URL(database.url);
  return `postgres://${host}${pathname}`;
}

function announce(settings: ServiceSettings, url: string, adminKey: string | undefined): void {
  const logger = new Logger('Signpost');
  logger.log(`Listening on ${url} (role: ${settings.role}, database: ${shownDatabase(settings.database)})`);
  logger.log(
    settings.allowTargets.length === 0
      ? 'Signals go to public https addresses only (SIGNPOST_ALLOW_TARGETS is empty)'
      : `Signals may also go to ${settings.allowTargets.join(', ')}, plain http included (SIGNPOST_ALLOW_TARGETS)`,
  );
  if (settings.production || settings.role === 'dispatch') {
    // A log is no place for a key, but without this one nobody could make another.
    if (adminKey !== undefined) logger.warn(`Admin key, shown this once: ${adminKey}`);
    return;
  }
  process.stdout.write(firstSteps(url, adminKey));
}

function firstSteps(url: string, adminKey: string | undefined): string {
  const key = adminKey ?? '$SIGNPOST_ADMIN_KEY';
  const shown = adminKey === undefined ? '' : `\n  Admin key, shown this once: ${adminKey}\n`;
  return `${shown}
  Documents   ${url}/docs (receivers)   ${url}/admin/docs (operators and producers)

  Send the first event:

    curl -X POST ${url}/admin/v1/events \\
      -H "Authorization: Bearer ${key}" \\
      -H 'Content-Type: application/json' \\
      -d '{"type":"invoice.paid","subject":"inv_1","data":{"amount":4200}}'

`;
}
