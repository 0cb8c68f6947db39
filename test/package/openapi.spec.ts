import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from '@jest/globals';

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  responses?: Record<string, { content?: Record<string, { schema?: unknown; example?: unknown; examples?: unknown }> }>;
  security?: unknown[];
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, unknown> };
}

describe.each(['docs/openapi.json', 'docs/openapi-admin.json'])('%s', (path) => {
  let document: Document;
  let operations: [string, Operation][];

  beforeAll(async () => {
    document = JSON.parse(await readFile(path, 'utf8')) as Document;
    operations = Object.entries(document.paths).flatMap(([route, item]) =>
      Object.entries(item).map(([method, operation]): [string, Operation] => [`${method} ${route}`, operation]),
    );
  });

  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(document.openapi).toBe('3.1.0');
  });

  it('every operation has a unique id, a summary, security and its errors as problems', () => {
    expect(operations.length).toBeGreaterThan(5);
    const ids = operations.map(([, operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const lacking = operations.filter(([name, operation]) => {
      const errors = Object.entries(operation.responses ?? {}).filter(([status]) => status >= '400');
      // The token endpoint answers in OAuth's own format, which its clients know.
      const type = name === 'post /oauth/token' ? 'application/json' : 'application/problem+json';
      const problems = errors.every(([, response]) => response.content?.[type]?.schema !== undefined);
      return !(
        operation.operationId &&
        operation.summary &&
        operation.security?.length &&
        errors.length > 0 &&
        problems
      );
    });
    expect(lacking.map(([name]) => name)).toEqual([]);
  });

  it('names its security schemes', () => {
    expect(Object.keys(document.components.securitySchemes).length).toBeGreaterThan(0);
  });
});

describe('docs/openapi.json', () => {
  it('has the signals under webhooks, and no admin route', async () => {
    const document = JSON.parse(await readFile('docs/openapi.json', 'utf8')) as Document;
    expect(Object.keys(document.webhooks ?? {})).toContain('events.available');
    const others = Object.keys(document.paths).filter((path) => !path.startsWith('/v1/'));
    expect(others).toEqual(['/oauth/token', '/.well-known/jwks.json']);
  });
});
