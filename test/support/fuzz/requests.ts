import fc from 'fast-check';
import type { Operation } from './operations.js';

/** A request that somebody may send, right or wrong. */
export interface FuzzedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

/** What is there: ids by the name of their parameter, and credentials for each API. */
export interface Known {
  ids: Record<string, string>;
  adminKey: string;
  apiKey: string;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const UNKNOWN = '01kaz8fp3wfj2taq4k3bv8s5ch';
/** Names that objects inherit, and what a careless look-up finds under them. */
const INHERITED = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'length'];
const ODD_TEXT = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e',
  '🚏',
  'é',
  "' OR 1=1 --",
  '"; DROP TABLE signpost_event; --',
  '%',
  '_',
  '../../etc/passwd',
  '${7*7}',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e309',
  '9007199254740993',
  '1'.repeat(400),
  'x'.repeat(2_000),
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '-271821-04-20T00:00:00.000Z',
  'http://127.0.0.1:9/',
  'https://[::1]/',
  'https://user:pw@example.com/',
  '*',
  'a.*',
  ...INHERITED,
];
/** Texts that are JSON, or almost. */
const ODD_JSON = [
  '',
  'null',
  '[]',
  '{}',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"a":1,"a":2}',
  '{"a":1e999}',
  '{"a":12345678901234567890}',
  '{"a":-0}',
  '{"a":0.1e-400}',
  '{"a":"\\ud800"}',
  '{"a":"\\u0000"}',
  '{"a":NaN}',
  "{'a':1}",
  '{"a":1,}',
  '// x\n{}',
  '\ufeff{}',
  '['.repeat(5_000) + ']'.repeat(5_000),
  '{"a":'.repeat(2_000) + '1' + '}'.repeat(2_000),
];
const NUMBERS = ['0', '-1', '1e999', '-0', '1.5', '9007199254740993', '1e-400', '2147483648', '1764000000000'];

const oddText = fc.oneof(fc.constantFrom(...ODD_TEXT), fc.string({ unit: 'binary', maxLength: 40 }));
const oddValue = fc.oneof(
  oddText.map((text) => JSON.stringify(text)),
  fc.constantFrom(...NUMBERS, 'true', 'false', 'null', '[]', '{}', '[[[]]]', '{"__proto__":1}'),
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(50, 3_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
);

const headers = fc.record(
  {
    accept: fc.constantFrom('*/*', 'application/x-ndjson', 'application/cloudevents+json', 'text/html', 'x;q=,', ''),
    'if-none-match': oddText.map(headerText),
    'idempotency-key': fc.oneof(fc.constant('key-1'), oddText.map(headerText)),
    traceparent: fc.constantFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-0-0-0', 'x'),
    'content-encoding': mostly('identity', fc.constantFrom('gzip', 'br, gzip', 'x')),
    'x-forwarded-for': fc.constantFrom('192.0.2.1', 'nonsense', ''),
    prefer: fc.constantFrom('wait=5', '__proto__'),
  },
  { requiredKeys: [] },
);
const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/vnd.acme+json',
    'application/json; charset=latin1',
    'application/json; charset=utf-8',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
    '',
  ),
);

/** Requests to one of `operations`, most of them nearly right. */
export function requests(operations: readonly Operation[], known: () => Known): fc.Arbitrary<FuzzedRequest> {
  return fc.constantFrom(...operations).chain((operation) =>
    fc
      .record({
        method: mostly(operation.method, fc.constantFrom(...METHODS)),
        parameters: fc.tuple(...operation.parameters.map(() => parameter)),
        query: fc.array(fc.tuple(queryName(operation), queryValue), { maxLength: 4 }),
        headers,
        contentType,
        authorization: mostly('right', fc.constantFrom('other', 'none', 'odd')),
        body: bodyOf(operation),
        oddHeader: oddText,
      })
      .map(({ method, parameters, query, authorization, body, ...sent }) => {
        const names = operation.parameters;
        const chosen = new Map(names.map((name, n) => [name, parameters[n]?.(name, known()) ?? '']));
        const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(chosen.get(name) ?? ''));
        const search = query.map(([name, value]) => `${encoded(name)}=${encoded(value(known()))}`).join('&');
        const takesBody = !['GET', 'HEAD'].includes(method);
        const shown = authorizationOf(authorization, operation, known(), sent.oddHeader);
        return {
          method,
          path: search === '' ? path : `${path}?${search}`,
          headers: {
            ...sent.headers,
            ...(shown === undefined ? {} : { authorization: shown }),
            ...(takesBody ? { 'content-type': sent.contentType } : {}),
          },
          body: takesBody ? body : undefined,
        };
      }),
  );
}

function mostly<T, U>(usual: T, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });
}

const parameter: fc.Arbitrary<(name: string, known: Known) => string> = fc.oneof(
  { weight: 6, arbitrary: fc.constant((name: string, { ids }: Known) => ids[name] ?? 'x') },
  fc.nat().map(
    (n) =>
      (_: string, { ids }: Known) =>
        Object.values(ids)[n % Object.keys(ids).length] ?? 'x',
  ),
  fc.constantFrom('evt', 'rcv', 'ep', 'key', 'sig').map((prefix) => () => `${prefix}_${UNKNOWN}`),
  oddText.map((text) => () => text),
);

function queryName({ query }: Operation): fc.Arbitrary<string> {
  const odd = fc.oneof(fc.constantFrom('after', 'limit', 'types', 'view', ...INHERITED), oddText);
  return query.length === 0
    ? odd
    : fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...query) }, { weight: 1, arbitrary: odd });
}

const queryValue: fc.Arbitrary<(known: Known) => string> = fc.oneof(
  oddText.map((text) => () => text),
  fc.constantFrom('1', '100', 'true', 'false', 'now', 'a.b', 'AQAAAAAAAAAAKvMI1a43Kz86').map((text) => () => text),
  fc.nat().map(
    (n) =>
      ({ ids }: Known) =>
        Object.values(ids)[n % Object.keys(ids).length] ?? 'x',
  ),
);

/** What the document shows, with members left out, replaced or added; or something else altogether. */
function bodyOf({ members }: Operation): fc.Arbitrary<string | Buffer | undefined> {
  const odd = fc.oneof(
    fc.constantFrom(...ODD_JSON),
    fc.json(),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(undefined),
  );
  if (!members) return mostly(undefined, odd);
  const names = Object.keys(members);
  const member = fc.tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: oddText }),
    oddValue,
  );
  const nearlyRight = fc
    .record({
      kept: fc.subarray(names, { minLength: Math.max(names.length - 3, 0) }),
      replaced: fc.array(member, { maxLength: 2 }),
    })
    .map(({ kept, replaced }) => {
      const replacedNames = replaced.map(([name]) => name);
      const right = kept
        .filter((name) => !replacedNames.includes(name))
        .map((name) => [name, JSON.stringify(members[name])]);
      return `{${[...right, ...replaced].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
    });
  return fc.oneof({ weight: 8, arbitrary: nearlyRight }, { weight: 2, arbitrary: odd });
}

function authorizationOf(kind: string, { path }: Operation, known: Known, odd: string): string | undefined {
  const isAdmin = path.startsWith('/admin/');
  if (kind === 'none') return undefined;
  if (kind === 'odd') return headerText(odd);
  return `Bearer ${isAdmin === (kind === 'right') ? known.adminKey : known.apiKey}`;
}

/** What a client library lets through in a header. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
}

function encoded(text: string): string {
  return encodeURIComponent(wellFormed(text)).replaceAll('.', '%2E');
}

/** A lone surrogate cannot be written in a URL. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
