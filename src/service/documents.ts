import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { createAdminApiDocument, createFetchApiDocument } from '../index.js';

/** The two documents, each as a page to read and as the JSON behind it. */
export function serveDocuments(app: NestFastifyApplication, publicUrl: string): void {
  SwaggerModule.setup('docs', app, () => createFetchApiDocument(app, publicUrl), {
    jsonDocumentUrl: 'docs/openapi.json',
    yamlDocumentUrl: 'docs/openapi.yaml',
    customSiteTitle: 'Signpost fetch API',
  });
  SwaggerModule.setup('admin/docs', app, () => createAdminApiDocument(app, publicUrl), {
    jsonDocumentUrl: 'admin/docs/openapi.json',
    yamlDocumentUrl: 'admin/docs/openapi.yaml',
    customSiteTitle: 'Signpost admin API',
  });
}
