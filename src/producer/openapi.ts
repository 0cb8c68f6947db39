import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { SIGNPOST_VERSION } from '../protocol/version.js';
import { signalWebhooks } from './fetch-api/signal-webhooks.js';

const FETCH_DESCRIPTION = [
  'Signals say that something changed and list event ids; this API is where the payloads are.',
  'Go on from your own cursor (`GET /v1/events?after=`) whenever a signal arrives, at start, and on a timer: ' +
    'then no signal has to arrive for no event to be lost. ' +
    'A signing secret never opens this API, and an API key never signs anything.',
].join('\n\n');

const ADMIN_DESCRIPTION =
  'For operators, and for producers in other languages: publish events, and say who may read them and where signals go.';

/** The OpenAPI 3.1 document of the fetch API, with the signal under `webhooks`: what receivers read. */
export function createFetchApiDocument(app: INestApplication, publicUrl?: string): OpenAPIObject {
  const builder = base('Signpost fetch API', FETCH_DESCRIPTION, publicUrl)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key (`sp_…`) of the receiver.' }, 'apiKey')
    .addBasicAuth(
      {
        type: 'http',
        scheme: 'basic',
        description: 'User: the id of the credential (`key_…`). Password: its API key.',
      },
      'basic',
    );
  const document = SwaggerModule.createDocument(app, builder.build());
  return only({ ...document, webhooks: signalWebhooks() }, '/v1/', '/oauth/', '/.well-known/');
}

/** The OpenAPI 3.1 document of the admin API. */
export function createAdminApiDocument(app: INestApplication, publicUrl?: string): OpenAPIObject {
  const builder = base('Signpost admin API', ADMIN_DESCRIPTION, publicUrl).addBearerAuth(
    { type: 'http', scheme: 'bearer', description: 'An admin key.' },
    'adminKey',
  );
  return only(SwaggerModule.createDocument(app, builder.build()), '/admin/v1/');
}

function base(title: string, description: string, publicUrl: string | undefined): DocumentBuilder {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(description)
    .setVersion(SIGNPOST_VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit');
  return publicUrl === undefined ? builder : builder.addServer(publicUrl);
}

/** The part of a document whose paths begin with one of `prefixes`, with the schemas that it refers to and no others. */
function only(document: OpenAPIObject, ...prefixes: string[]): OpenAPIObject {
  const kept = (path: string) => prefixes.some((prefix) => path.startsWith(prefix));
  const paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => kept(path)));
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  collect([paths, document.webhooks], schemas, used);
  const tags = new Set(Object.values(paths).flatMap((item) => Object.values(item).flatMap(tagsOf)));
  return {
    ...document,
    paths,
    tags: (document.tags ?? []).filter(({ name }) => tags.has(name)),
    components: {
      ...document.components,
      schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name))),
    },
  };
}

function tagsOf(operation: unknown): string[] {
  return typeof operation === 'object' && operation !== null && 'tags' in operation ? (operation.tags as string[]) : [];
}

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

function collect(part: unknown, schemas: Record<string, unknown>, used: Set<string>): void {
  for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REFERENCE)) {
    if (used.has(name)) continue;
    used.add(name);
    collect(schemas[name], schemas, used);
  }
}
