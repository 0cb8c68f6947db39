import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createAdminApiDocument } from '../../../src/producer/openapi.js';
import { openAdminApi, type AdminApi } from './admin-api.js';

interface Operation {
  operationId?: string;
  summary?: string;
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description?: string; content?: Record<string, { examples?: Record<string, unknown> }> }>;
  security?: unknown[];
}

describe('the admin API’s OpenAPI document', () => {
  let api: AdminApi;
  let document: OpenAPIObject;
  let operations: [string, Operation][];

  beforeAll(async () => {
    api = await openAdminApi('fastify');
    document = createAdminApiDocument(api.app, 'https://signpost.example.com');
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    );
  });
  afterAll(() => api.close());

  it('is valid OpenAPI 3.1', async () => {
    const json = JSON.parse(JSON.stringify(document)) as Parameters<Validator['validate']>[0];
    expect(await new Validator().validate(json)).toEqual({ valid: true });
    expect(document.openapi).toBe('3.1.0');
  });

  it('describes every route of the contract', () => {
    expect(operations.map(([route]) => route).sort()).toEqual(
      [
        'GET /admin/v1/endpoints/{endpointId}',
        'PATCH /admin/v1/endpoints/{endpointId}',
        'DELETE /admin/v1/endpoints/{endpointId}',
        'GET /admin/v1/endpoints/{endpointId}/signals',
        'POST /admin/v1/endpoints/{endpointId}/pause',
        'POST /admin/v1/endpoints/{endpointId}/resume',
        'POST /admin/v1/endpoints/{endpointId}/rotate-secret',
        'POST /admin/v1/endpoints/{endpointId}/test',
        'POST /admin/v1/endpoints/{endpointId}/verify',
        'GET /admin/v1/event-types',
        'POST /admin/v1/event-types',
        'GET /admin/v1/event-types/{type}',
        'PATCH /admin/v1/event-types/{type}',
        'DELETE /admin/v1/event-types/{type}',
        'POST /admin/v1/erasures',
        'GET /admin/v1/events',
        'POST /admin/v1/events',
        'POST /admin/v1/events/batch',
        'GET /admin/v1/events/{eventId}',
        'GET /admin/v1/keys',
        'POST /admin/v1/keys',
        'DELETE /admin/v1/keys/{keyId}',
        'GET /admin/v1/receivers',
        'POST /admin/v1/receivers',
        'GET /admin/v1/receivers/{receiverId}',
        'PATCH /admin/v1/receivers/{receiverId}',
        'DELETE /admin/v1/receivers/{receiverId}',
        'GET /admin/v1/receivers/{receiverId}/credentials',
        'GET /admin/v1/receivers/{receiverId}/credentials/{credentialId}',
        'POST /admin/v1/receivers/{receiverId}/credentials/{credentialId}/rotate',
        'POST /admin/v1/receivers/{receiverId}/credentials',
        'DELETE /admin/v1/receivers/{receiverId}/credentials/{credentialId}',
        'GET /admin/v1/receivers/{receiverId}/endpoints',
        'POST /admin/v1/receivers/{receiverId}/endpoints',
        'GET /admin/v1/stats',
        'GET /admin/v1/access',
        'GET /admin/v1/changes',
        'GET /admin/v1/signing-keys',
        'POST /admin/v1/signing-keys/rotate',
      ].sort(),
    );
  });

  it('gives each operation an id of its own, a summary, its security and its answers', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const [route, operation] of operations) {
      expect([route, operation.summary]).toEqual([route, expect.stringMatching(/./)]);
      expect([route, operation.security]).toEqual([route, [{ adminKey: [] }]]);
      expect([route, Object.keys(operation.responses)]).toEqual([
        route,
        expect.arrayContaining(['401', '403', '429', '503']),
      ]);
      expect([route, Object.keys(operation.responses).some((status) => status.startsWith('2'))]).toEqual([route, true]);
    }
  });

  it('shows each error as problem+json with an example, and names each parameter of a path', () => {
    for (const [route, { responses, parameters }] of operations) {
      for (const [status, { content }] of Object.entries(responses).filter(([code]) => code >= '400')) {
        const problem = content?.['application/problem+json'];
        expect([route, status, Object.keys(problem?.examples ?? {})]).not.toEqual([route, status, []]);
      }
      const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = (parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect([route, described.sort()]).toEqual([route, inPath.sort()]);
    }
  });

  it('has a schema with members for each body and each answer, with an example of each value', () => {
    const schemas = document.components?.schemas ?? {};
    for (const [name, schema] of Object.entries(schemas)) {
      const properties = (schema as { properties?: Record<string, Record<string, unknown>> }).properties ?? {};
      expect([name, Object.keys(properties).length]).not.toEqual([name, 0]);
      const plain = Object.entries(properties).filter(([, { type }]) => type !== undefined && type !== 'array');
      expect([name, plain.filter(([, property]) => !('example' in property)).map(([key]) => key)]).toEqual([name, []]);
    }
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(['Receiver', 'CreateEndpoint', 'Problem', 'Stats']));
  });
});
