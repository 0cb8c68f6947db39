import { inspect } from 'node:util';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import * as client from '../../../src/receiver/client/index.js';
import { startRawReceiver } from '../../support/signal-loopback.js';
import {
  type Answer,
  API_KEY,
  clientOf,
  closeAfterTest,
  event,
  eventId,
  page,
  problemAnswer,
  rejection,
  startProducer,
} from './producer-server.js';

type ErrorClass = abstract new (...args: never[]) => client.SignpostClientError;

describe('an error says what to do', () => {
  it.each<[string, Answer, ErrorClass, Record<string, unknown>]>([
    [
      'a mistake in the request',
      problemAnswer(400, 'invalid_request', { errors: [{ pointer: '/limit', message: 'must be a number' }] }),
      client.BadRequestError,
      { code: 'bad_request', status: 400, fields: [{ pointer: '/limit', message: 'must be a number' }] },
    ],
    ['a foreign cursor', problemAnswer(400, 'invalid_cursor'), client.BadRequestError, { code: 'invalid_cursor' }],
    ['a wrong media type', problemAnswer(406, 'not_acceptable'), client.BadRequestError, { code: 'bad_request' }],
    ['a bad credential', problemAnswer(401, 'unauthorized'), client.UnauthorizedError, { code: 'unauthorized' }],
    ['a missing scope', problemAnswer(403, 'forbidden'), client.ForbiddenError, { code: 'forbidden' }],
    [
      'an unknown event',
      problemAnswer(404, 'not_found'),
      client.EventNotFoundError,
      { code: 'not_found', id: eventId(1), problemType: 'urn:signpost:problem:not_found' },
    ],
    [
      'an erased event',
      problemAnswer(410, 'gone_erased'),
      client.EventGoneError,
      { code: 'event_gone', reason: 'erased', id: eventId(1) },
    ],
    ['an expired event', problemAnswer(410, 'gone_expired'), client.EventGoneError, { reason: 'expired' }],
    [
      'an expired cursor',
      problemAnswer(410, 'cursor_expired', { oldest: 'AQAA' }),
      client.CursorExpiredError,
      { code: 'cursor_expired', oldest: 'AQAA' },
    ],
    [
      'too many requests',
      { ...problemAnswer(429, 'rate_limited'), headers: { 'retry-after': '7' } },
      client.RateLimitedError,
      { code: 'rate_limited', retryAfterMs: 7_000 },
    ],
    ['an unavailable producer', problemAnswer(503, 'unavailable'), client.UnavailableError, { code: 'unavailable' }],
    ["a proxy's bad gateway", { status: 502, text: '<html>' }, client.UnavailableError, { code: 'unavailable' }],
    ["a proxy's 404", { status: 404, text: '<html>' }, client.UnexpectedAnswerError, { code: 'unexpected_answer' }],
    ['an expired cursor without a place', problemAnswer(410, 'cursor_expired'), client.UnexpectedAnswerError, {}],
    ['no JSON', { text: 'canary{' }, client.UnexpectedAnswerError, { status: 200 }],
    [
      'JSON by another name',
      { json: event(1), headers: { 'content-type': 'text/html' } },
      client.UnexpectedAnswerError,
      {},
    ],
    ['compressed JSON', { json: event(1), headers: { 'content-encoding': 'gzip' } }, client.UnexpectedAnswerError, {}],
    ['another event', { json: event(2) }, client.UnexpectedAnswerError, {}],
    ['an event without payload', { json: event(1, { data: undefined }) }, client.UnexpectedAnswerError, {}],
    ['an event of no time', { json: event(1, { occurredAt: 'canary' }) }, client.UnexpectedAnswerError, {}],
    ['another success', { status: 202, json: event(1) }, client.UnexpectedAnswerError, { status: 202 }],
  ])('about %s', async (_what, answer, errorClass, members) => {
    const producer = await startProducer(answer);
    const error = await rejection(clientOf(producer.url, { tries: 1 }).client.getEvent(eventId(1)));
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toBeInstanceOf(client.SignpostClientError);
    expect(error).toMatchObject(members);
    expect((error as Error).name).toBe(errorClass.name);
    expect(inspect(error)).not.toContain('canary');
  });

  it('about an unknown type of the catalogue', async () => {
    const producer = await startProducer(problemAnswer(404, 'not_found'));
    const error = await rejection(clientOf(producer.url).client.eventType('a.b'));
    expect(error).toBeInstanceOf(client.NotFoundError);
    expect(error).not.toBeInstanceOf(client.EventNotFoundError);
  });

  it('about a page that would be asked for for ever', async () => {
    const producer = await startProducer(page([], 'c1', true));
    const error = await rejection(clientOf(producer.url).client.page({ after: 'c1' }));
    expect(error).toBeInstanceOf(client.UnexpectedAnswerError);
  });

  it('about nobody there, with the cause', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(clientOf(`http://127.0.0.1:${port}`, { tries: 1 }).client.position());
    expect(error).toBeInstanceOf(client.UnavailableError);
    expect(error).toMatchObject({ code: 'network', cause: { code: 'ECONNREFUSED' } });
  });

  it.each([
    ['HTTP/1.1 canary of a payload\r\n\r\n', 'at its beginning'],
    [
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\ncanary\r\n',
      'in its middle',
    ],
  ])('about an answer that is no HTTP, without showing it: %j', async (text) => {
    const server = await startRawReceiver((socket) => {
      socket.once('data', () => socket.end(text));
    });
    closeAfterTest(() => server.close());
    const error = await rejection(clientOf(new URL(server.url).origin).client.position());
    expect(error).toBeInstanceOf(client.UnexpectedAnswerError);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  });
});

describe('text of the other side', () => {
  it('is cut and cleared of control characters', async () => {
    const detail = `first\nsecond\u001b[31m\u202e${'x'.repeat(10_000)}`;
    const producer = await startProducer(problemAnswer(400, 'invalid_request', { detail }));
    const { message } = (await rejection(clientOf(producer.url).client.position())) as Error;
    expect(message).toContain('first second [31m x');
    expect(message.length).toBeLessThan(300);
  });

  it('does not repeat the credential', async () => {
    const detail = `${'y'.repeat(190)} You sent Bearer ${API_KEY}`;
    for (const extra of [{ detail }, { detail: API_KEY }, { errors: [{ pointer: API_KEY, message: API_KEY }] }]) {
      const producer = await startProducer(problemAnswer(400, 'invalid_request', extra));
      const error = await rejection(clientOf(producer.url).client.position());
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(API_KEY.slice(0, 12));
    }
  });

  it('of a proxy is not repeated at all', async () => {
    const json = { type: 'about:blank', detail: 'canary' };
    const producer = await startProducer({ status: 403, json });
    const { message } = (await rejection(clientOf(producer.url).client.position())) as Error;
    expect(message).not.toContain('canary');
  });
});
