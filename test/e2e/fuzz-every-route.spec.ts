import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { createAdminApiDocument, createFetchApiDocument } from '../../src/index.js';
import { ProgressRecorder } from '../../src/producer/fetch-api/progress-recorder.js';
import { storedRows } from '../support/databases.js';
import { operationsOf, type Operation } from '../support/fuzz/operations.js';
import { requests, type FuzzedRequest, type Known } from '../support/fuzz/requests.js';
import { HOSTS, startProducer, TEST_ADMIN_KEY, type ProducerApp } from '../support/producer-app.js';

/** On each host; `FUZZ_SECONDS=600` for a long run. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 4);
jest.setTimeout(SECONDS * 1_000 + 60_000);

/** Written by requests that are refused as well, and by reads. */
const AUDIT = ['signpost_access', 'signpost_change'];

describe.each(HOSTS)('made-up requests to every route, on %s with %s', (platform, database) => {
  let producer: ProducerApp;
  let operations: Operation[];
  let known: Known;

  beforeAll(async () => {
    producer = await startProducer(
      platform,
      {
        dispatch: false,
        fetchApi: { maxWaitMs: 20 },
        limits: { perCredential: false, unauthorizedPerMinute: false, missesPerMinute: false },
      },
      database,
    );
    operations = [createAdminApiDocument(producer.app), createFetchApiDocument(producer.app)].flatMap(operationsOf);
    known = await seeded();
  });
  afterAll(() => producer.close());

  /** Something of each kind, so that most ids lead to something. */
  async function seeded(): Promise<Known> {
    const make = async (path: string, body: object) =>
      (await producer.admin<{ id: string; apiKey: string }>('POST', path, body)).body;
    const receiver = await make('/receivers', { name: 'r' });
    const endpoint = await make(`/receivers/${receiver.id}/endpoints`, {
      url: 'http://127.0.0.1:9/',
      eventTypes: ['*'],
    });
    const scopes = ['events:read', 'endpoints:write'];
    const credential = await make(`/receivers/${receiver.id}/credentials`, { name: 'c', scopes });
    const key = await make('/keys', { name: 'k', scopes: ['admin'] });
    await make('/event-types', { name: 'a.b' });
    const event = await make('/events', { type: 'a.b', data: { x: 1 } });
    const ids = {
      receiverId: receiver.id,
      endpointId: endpoint.id,
      credentialId: credential.id,
      keyId: key.id,
      eventId: event.id,
      id: event.id,
      type: 'a.b',
    };
    return { ids, adminKey: TEST_ADMIN_KEY, apiKey: credential.apiKey };
  }

  /** A digest of each table. */
  const stored = async (): Promise<[string, string][]> => {
    await producer.app.get(ProgressRecorder).flush();
    const tables = await storedRows(producer.app.get(DataSource));
    for (const table of AUDIT) tables.delete(table);
    return [...tables].map(([name, rows]) => {
      const text = JSON.stringify(rows, (member, value: unknown) => (member === 'last_used_at' ? null : value));
      return [name, createHash('sha256').update(text).digest('hex')];
    });
  };

  it('are never answered 5xx, are refused as problems, and leave nothing behind when they are refused', async () => {
    let before: [string, string][] | undefined;
    const seen = new Map<number, number>();
    const check = async ({ method, path, headers, body }: FuzzedRequest) => {
      before ??= await stored();
      const init = { headers, ...(body === undefined ? {} : { body }) };
      const answer = await producer.call(method, path, init);
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      expect(answer.status).toBeLessThan(500);
      if (answer.status < 400) {
        // Reads move marks as well.
        before = undefined;
        // What was deleted, or may no longer read, is replaced.
        if (method === 'DELETE' || (method === 'PATCH' && path.includes('/receivers/'))) known = await seeded();
        return;
      }
      // OAuth has errors of its own (RFC 6749 §5.2).
      if (method !== 'HEAD' && !path.startsWith('/oauth/')) {
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(answer.body).toMatchObject({
          type: expect.stringMatching(/^urn:signpost:problem:[a-z_]+$/),
          title: expect.stringMatching(/./),
          status: answer.status,
        });
      }
      expect(await stored()).toEqual(before);
    };
    await fc.assert(
      fc.asyncProperty(
        requests(operations, () => known),
        check,
      ),
      {
        numRuns: SECONDS * 2_000,
        interruptAfterTimeLimit: SECONDS * 1_000,
        markInterruptAsFailure: false,
      },
    );
    // It is not all noise: much of it is right, or wrong in one place only.
    expect([...seen.keys()].some((status) => status < 300)).toBe(true);
    if (process.env.FUZZ_SECONDS) process.stdout.write(`${platform}/${database} ${JSON.stringify([...seen])}\n`);
  });
});
