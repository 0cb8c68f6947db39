import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createFetchApiDocument } from '../../../src/producer/openapi.js';
import { parseSignal } from '../../../src/protocol/signal.js';
import { PUBLIC_ROUTES } from '../../support/routes.js';
import { startProducer, type ProducerApp } from '../../support/producer-app.js';

describe('the receivers’ document', () => {
  let producer: ProducerApp;
  let document: OpenAPIObject;

  beforeAll(async () => {
    producer = await startProducer('fastify', { dispatch: false });
    document = createFetchApiDocument(producer.app);
  });
  afterAll(() => producer.close());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        operation: operation as NonNullable<typeof item.get>,
      })),
    );

  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(
      await new Validator().validate(JSON.parse(JSON.stringify(document)) as Record<string, unknown>),
    ).toMatchObject({ valid: true });
  });

  it('has every route of the fetch API, and no other', () => {
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([
      'DELETE /v1/endpoints/{endpointId}',
      'GET /.well-known/jwks.json',
      'GET /v1/endpoints',
      'GET /v1/endpoints/{endpointId}',
      'GET /v1/endpoints/{endpointId}/signals',
      'GET /v1/event-types',
      'GET /v1/event-types/{type}',
      'GET /v1/events',
      'GET /v1/events/{id}',
      'GET /v1/position',
      'PATCH /v1/endpoints/{endpointId}',
      'POST /oauth/token',
      'POST /v1/acks',
      'POST /v1/endpoints',
      'POST /v1/endpoints/{endpointId}/rotate-secret',
      'POST /v1/endpoints/{endpointId}/test',
      'POST /v1/endpoints/{endpointId}/verify',
      'POST /v1/events/batch',
    ]);
  });

  it('describes each operation, who may call it and how it fails', () => {
    for (const { name, operation } of operations().filter(({ name }) => !PUBLIC_ROUTES.includes(name))) {
      expect({ name, ...operation }).toMatchObject({
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
        summary: expect.any(String),
        description: expect.any(String),
        security: expect.arrayContaining([{ apiKey: [] }, { basic: [] }]),
      });
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '503']));
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        expect(response).toMatchObject({
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        });
      }
    }
  });

  it('shows each signal under webhooks, with an example that a receiver understands', () => {
    const signals = Object.entries(document.webhooks ?? {});
    expect(signals.map(([type]) => type)).toContain('events.available');
    for (const [type, { post }] of signals) {
      const body = post?.requestBody;
      const example: unknown = body && 'content' in body ? body.content['application/json']?.example : undefined;
      expect(parseSignal(JSON.stringify(example))).toMatchObject({ type });
    }
  });

  it('serves no route for a signal', async () => {
    for (const type of Object.keys(document.webhooks ?? {})) {
      for (const path of [`/${type}`, `/v1/${type}`, '/signalEventsAvailable']) {
        expect((await producer.call('POST', path)).status).toBe(404);
      }
    }
    expect((await producer.call('POST', '/')).status).toBe(404);
  });
});
