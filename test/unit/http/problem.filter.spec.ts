import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpException,
  Logger,
  Module,
  NotFoundException,
  Param,
  Post,
  Res,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { answerFrameworkError } from '../../../src/http/answer-problem.js';
import { ProblemException } from '../../../src/http/problem-exception.js';
import { ProblemFilter } from '../../../src/http/problem.filter.js';
import { replyInParts } from '../../../src/http/reply-in-parts.js';

const SECRET = 'secret-canary';

class Locked extends Error {}

const ERRORS: Record<string, () => unknown> = {
  problem: () =>
    new ProblemException('cursor_expired', 'Start over.', {
      members: { oldest: 'abc', status: 1 },
      headers: { 'x-a': 'b' },
    }),
  fields: () => new ProblemException('invalid_request', undefined, { errors: [{ pointer: '/a', message: 'must' }] }),
  unknown: () => new Error(SECRET),
  text: () => SECRET,
  nothing: () => undefined,
  nest404: () => new NotFoundException(SECRET),
  nest400: () => new BadRequestException(SECRET),
  teapot: () => new HttpException(SECRET, 418),
  nest502: () => new HttpException(SECRET, 502),
  locked: () => new Locked(SECRET),
};

@Controller()
class ThrowingController {
  @Get('throw/:which')
  throwIt(@Param('which') which: string): void {
    throw (ERRORS[which] ?? ERRORS['nest404'])?.();
  }

  @Post('body')
  body(@Body() body: unknown): unknown {
    return body;
  }

  @Get('half')
  async half(@Res() response: unknown): Promise<void> {
    async function* parts() {
      yield 'first';
      yield 'second';
      throw new Error(SECRET);
    }
    await replyInParts(response, { status: 200, headers: { 'content-type': 'text/plain' } }, parts());
  }
}

@Module({ controllers: [ThrowingController] })
class ThrowingModule {}

const adapters = {
  fastify: () => new FastifyAdapter({ bodyLimit: 1_000, frameworkErrors: answerFrameworkError }),
  express: () => new ExpressAdapter(),
};

describe.each(['fastify', 'express'] as const)('on %s', (platform) => {
  let app: INestApplication | undefined;

  async function start(): Promise<string> {
    app = await NestFactory.create<NestFastifyApplication>(ThrowingModule, adapters[platform](), { logger: false });
    app.useGlobalFilters(new ProblemFilter((error) => error instanceof Locked));
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  afterEach(async () => {
    jest.restoreAllMocks();
    await app?.close();
  });

  it.each([
    ['problem', 410, 'cursor_expired'],
    ['fields', 400, 'invalid_request'],
    ['unknown', 500, 'internal'],
    ['text', 500, 'internal'],
    ['nothing', 500, 'internal'],
    ['nest404', 404, 'not_found'],
    ['nest400', 400, 'invalid_request'],
    ['teapot', 400, 'invalid_request'],
    ['nest502', 500, 'internal'],
    ['locked', 503, 'unavailable'],
  ])('a thrown %s is answered as the problem of %i %s', async (which, status, code) => {
    const url = await start();
    const answer = await fetch(`${url}/throw/${which}`);
    const text = await answer.text();
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ type: `urn:signpost:problem:${code}`, status });
    expect(text).not.toContain(SECRET);
  });

  it('members and headers of a problem are sent, and never replace its status', async () => {
    const url = await start();
    const answer = await fetch(`${url}/throw/problem`);
    expect(answer.headers.get('x-a')).toBe('b');
    expect(await answer.json()).toMatchObject({ oldest: 'abc', status: 410, detail: 'Start over.' });
  });

  it('what may succeed in a moment is told so', async () => {
    const url = await start();
    expect((await fetch(`${url}/throw/locked`)).headers.get('retry-after')).toBe('1');
  });

  it('an unknown route is the same problem as an unknown thing', async () => {
    const url = await start();
    const [route, thing] = await Promise.all([fetch(`${url}/nowhere`), fetch(`${url}/throw/nest404`)]);
    expect(await route.text()).toBe(await thing.text());
  });

  it.each([
    ['malformed JSON', '{"a":', 'application/json', 400, 'malformed_json'],
    ['an oversize body', JSON.stringify('x'.repeat(200_000)), 'application/json', 413, 'payload_too_large'],
  ])('%s that the host’s own parser refuses is a problem, too', async (_, body, contentType, status, code) => {
    const url = await start();
    const answer = await fetch(`${url}/body`, { method: 'POST', body, headers: { 'content-type': contentType } });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ type: `urn:signpost:problem:${code}` });
  });

  it.each([
    ['is malformed', '/throw/%zz'],
    ['is too long', `/throw/${'x'.repeat(500)}`],
  ])('a path that %s is a problem, too', async (_, path) => {
    const url = await start();
    const answer = await fetch(`${url}${path}`);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('the cause of a 500 goes to the log', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const url = await start();
    await fetch(`${url}/throw/unknown`);
    expect(logged).toHaveBeenCalledWith(SECRET, expect.stringContaining('Error: secret-canary'));
  });

  it('an answer that fails halfway is cut off, not ended', async () => {
    const url = await start();
    const read = async () => (await fetch(`${url}/half`)).text();
    await expect(read()).rejects.toThrow();
  });
});
