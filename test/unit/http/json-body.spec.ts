import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { parseJsonBody, readJsonBody } from '../../../src/http/json-body.js';
import { ProblemException } from '../../../src/http/problem-exception.js';
import { parseQuery } from '../../../src/http/query.js';
import type { BodyRequest } from '../../../src/http/raw-body.js';
import { RawJson } from '../../../src/http/raw-json.decorator.js';

class Line {
  @IsString()
  sku!: string;

  @RawJson()
  data!: unknown;
}

class Order {
  @IsString()
  type!: string;

  @IsOptional()
  @IsInt()
  count?: number;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Line)
  lines?: Line[];
}

class LaterOrder extends Order {
  @RawJson()
  data!: unknown;
}

function problem(run: () => unknown): ProblemException {
  try {
    run();
  } catch (error) {
    if (error instanceof ProblemException) return error;
    throw error;
  }
  throw new Error('It was accepted');
}

async function problemOf(promise: Promise<unknown>): Promise<ProblemException> {
  const error: unknown = await promise.then(
    () => new Error('It was accepted'),
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemException) return error;
  throw error;
}

const pointers = (exception: ProblemException) => exception.errors?.map(({ pointer }) => pointer);
const order = (text: string) => parseJsonBody(Order, Buffer.from(text));
const request = (text: string, contentType = 'application/json'): BodyRequest => ({
  headers: { 'content-type': contentType },
  rawBody: Buffer.from(text),
});

describe('a request body', () => {
  it('becomes an instance of its class, with raw members as text, inherited and nested ones too', () => {
    const text = '{"type":"a","lines":[{"sku":"x","data":{"b":1.0, "__proto__":2}}],"data":[ 1 ]}';
    const parsed = parseJsonBody(LaterOrder, Buffer.from(text));
    expect(parsed).toBeInstanceOf(LaterOrder);
    expect(parsed.lines?.[0]).toBeInstanceOf(Line);
    expect(parsed.lines?.[0]?.data).toEqual({ text: '{"b":1.0, "__proto__":2}' });
    expect(parsed.data).toEqual({ text: '[ 1 ]' });
  });

  it('without a raw member that it needs is refused; null is a value', () => {
    expect(pointers(problem(() => parseJsonBody(LaterOrder, Buffer.from('{"type":"a"}'))))).toEqual(['/data']);
    expect(parseJsonBody(LaterOrder, Buffer.from('{"type":"a","data":null}')).data).toEqual({ text: 'null' });
  });

  it('with unknown members is refused, with a pointer to each and what is known there', () => {
    const refused = problem(() => order('{"type":"a","x":1,"lines":[{"sku":"a","data":1,"y/z":1}]}'));
    expect(refused.code).toBe('invalid_request');
    expect(pointers(refused)).toEqual(expect.arrayContaining(['/x', '/lines/0/y~1z']));
    expect(refused.errors?.find(({ pointer }) => pointer === '/lines/0/y~1z')?.message).toContain('known: sku, data');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('with a member named %s is refused', (name) => {
    expect(pointers(problem(() => order(`{"type":"a","${name}":{"a":1}}`)))).toEqual([`/${name}`]);
  });

  it('with wrong members is refused, with a pointer to each', () => {
    expect(pointers(problem(() => order('{"type":1,"count":"2","lines":[{"sku":3,"data":0}]}')))).toEqual([
      '/type',
      '/count',
      '/lines/0/sku',
    ]);
  });

  it.each(['[]', '1', 'null', '"a"'])('that is %s instead of an object is refused', (text) => {
    expect(pointers(problem(() => order(text)))).toEqual(['']);
  });

  it('that is not JSON is refused with the place', () => {
    const refused = problem(() => order('{"type":x}'));
    expect(refused.code).toBe('malformed_json');
    expect(refused.members).toEqual({ position: 8 });
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['nothing', []],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
  ])('with %s is malformed', (_, bytes) => {
    expect(problem(() => parseJsonBody(Order, Buffer.from(bytes))).code).toBe('malformed_json');
  });

  it('with an inexact number is refused with its pointer', () => {
    expect(pointers(problem(() => order('{"type":"a","lines":[{"sku":"a","data":[1e400]}]}')))).toEqual([
      '/lines/0/data/0',
    ]);
  });
});

describe('the type and size of a body', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/cloudevents+json',
  ])('%s is read', async (contentType) => {
    expect(await readJsonBody(Order, request('{"type":"a"}', contentType), 100)).toEqual({ type: 'a' });
  });

  it.each([
    '',
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/json; charset=utf-16',
    'application/x-www-form-urlencoded',
  ])('%j is answered 415', async (contentType) => {
    expect((await problemOf(readJsonBody(Order, request('{"type":"a"}', contentType), 100))).getStatus()).toBe(415);
  });

  it('counts bytes: one over the limit is answered 413', async () => {
    const text = '{"type":"äää"}';
    const bytes = Buffer.byteLength(text);
    expect(await readJsonBody(Order, request(text), bytes)).toEqual({ type: 'äää' });
    expect((await problemOf(readJsonBody(Order, request(text), bytes - 1))).getStatus()).toBe(413);
  });

  it('is read from the stream where no parser of the host has touched it, to the limit only', async () => {
    const stream = (text: string) =>
      Object.assign(Readable.from([Buffer.from(text)]), { headers: { 'content-type': 'application/x+json' } });
    expect(await readJsonBody(Order, stream('{"type":"a"}') as unknown as BodyRequest, 100)).toEqual({ type: 'a' });
    const refused = await problemOf(readJsonBody(Order, stream('{"type":"a"}') as unknown as BodyRequest, 5));
    expect(refused.getStatus()).toBe(413);
  });

  it('tells the operator, not the client, when the host keeps no raw bodies', async () => {
    const parsed = { headers: { 'content-type': 'application/json' }, body: { type: 'a' } };
    const refused = await problemOf(readJsonBody(Order, parsed, 100));
    expect(refused).toMatchObject({ code: 'internal', detail: undefined });
    expect(refused.cause).toMatchObject({ code: 'raw_body_missing' });
    expect(String(refused.cause)).toContain('NestFactory.create(AppModule, { rawBody: true })');
  });
});

describe('a query', () => {
  class Query {
    @IsOptional()
    @IsString()
    after?: string;

    @IsOptional()
    @IsString({ each: true })
    types?: string | string[];
  }

  it('is read from the URL', () => {
    expect(parseQuery(Query, '/v1/events?after=a%20b&types=x&types=y')).toEqual({ after: 'a b', types: ['x', 'y'] });
    expect(parseQuery(Query, '/v1/events')).toEqual({});
  });

  it.each([
    ['/x?nope=1', '/nope'],
    ['/x?after=1&after=2', '/after'],
    ['/x?after[]=1', '/after[]'],
    ['/x?__proto__=1', '/__proto__'],
    ['/x?constructor=1', '/constructor'],
  ])('%s is refused', (url, pointer) => {
    expect(pointers(problem(() => parseQuery(Query, url)))).toEqual([pointer]);
  });
});
