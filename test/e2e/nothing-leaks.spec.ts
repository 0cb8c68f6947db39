import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import {
  PAYLOAD,
  SENSITIVE,
  REFUSED_PAYLOAD,
  LIVE,
  SUBJECT,
  IDEMPOTENCY,
  IN_PATH,
  IN_QUERY,
  IN_REFUSED_URL,
  USER,
  PASSWORD,
  BEARER,
  HEADER,
  MEMBER,
  ANSWERED,
  NEVER_RIGHT,
  OLD_MASTER,
  NEW_MASTER,
} from '../support/canaries.js';
import { DATABASES } from '../support/databases.js';
import { everythingWithCanaries, startWithCanaries, type Secrets } from '../support/leak-scenario.js';
import { LeakSearch } from '../support/leak-search.js';
import { TEST_ADMIN_KEY, type ProducerApp } from '../support/producer-app.js';
import { startSignalReceiver, type SignalReceiver } from '../support/signal-receiver.js';

const ADMIN = /^answer [A-Z]+ \/admin/;
/** Reads of payloads by whom they are for. */
const FETCHED = /^answer (GET|POST) \/v1\/events\S* 20\d/;
const DATA = /^signpost_event\w*\.data$/;
const FILE = /^file /;
/** What this scenario is answered where a secret is shown once. */
const SHOWN = {
  key: /^answer POST \/admin\/v1\/receivers\/\S+\/credentials 201$/,
  adminKey: /^answer POST \/admin\/v1\/keys 201$/,
  secret: /^answer POST \/(admin\/v1\/receivers\/\S+|v1)\/endpoints 201$/,
  rotated: /^answer POST \/(admin\/)?v1\/endpoints\/\S+\/rotate-secret 200$/,
  token: /^answer POST \/oauth\/token 200$/,
};

describe.each(DATABASES)('canaries in everything that is secret (%s)', (database) => {
  const search = new LeakSearch();
  let end: () => void;
  let producer: ProducerApp;
  let target: SignalReceiver;
  let known: Secrets;

  beforeAll(async () => {
    target = await startSignalReceiver();
    producer = await startWithCanaries(database);
    end = search.seeLogs();
    known = await everythingWithCanaries(producer, target, search);
  }, 60_000);
  afterAll(async () => {
    end?.();
    await producer?.close();
    await target?.close();
  });

  it('were through everything', () => {
    const statuses = [200, 201, 204, 400, 401, 404, 409, 500, 503];
    const seen = search.seen.join('\n');
    expect(statuses.filter((status) => !seen.includes(` ${status}`))).toEqual([]);
    const kinds = new Set(target.signals.map(({ json }) => json.type));
    expect(kinds).toEqual(new Set(['events.available', 'endpoint.test', 'endpoint.verification']));
    for (const place of [
      DATA,
      /^log$/,
      /^health$/,
      /^signpost_change\./,
      /^signpost_access\w*\./,
      /^signpost_signal/,
    ]) {
      expect([place, search.seen.some((each) => place.test(each))]).toEqual([place, true]);
    }
    // And would be found.
    expect(search.find(PAYLOAD).join()).toMatch(/signpost_event\w*\.data \(plain\)/);
    expect(search.find(PASSWORD).join()).toMatch(/signal to \/a \(base64/);
  });

  it('of payloads are in the data of the event, and in the answers to who may read it', () => {
    search.expectNowhere('payload', PAYLOAD, [FETCHED, DATA, FILE]);
    search.expectNowhere('sensitive field', SENSITIVE, [/^answer GET \/v1\/events\S* 200 pii$/, DATA, FILE]);
    search.expectNowhere('payload that was refused', REFUSED_PAYLOAD);
    search.expectNowhere('name of a member', MEMBER, [/^answer (POST|PATCH) \/admin\S* 400$/]);
    search.expectNowhere('live view', LIVE);
    const columns = [/^signpost_event\w*\.subject$/, FILE];
    search.expectNowhere('subject', SUBJECT, [FETCHED, ADMIN, ...columns]);
    search.expectNowhere('idempotency key', IDEMPOTENCY, [/^signpost_event\w*\.idempotency_key$/, FILE]);
    for (const digest of known.digests) {
      search.expectNowhere('digest', digest, [/^signpost_event\w*\.idempotency_digest$/, FILE]);
    }
  });

  it('of endpoints go to the endpoint, and nowhere else', () => {
    for (const token of [IN_PATH, IN_QUERY, IN_REFUSED_URL]) search.expectNowhere('token in a URL', token);
    for (const part of [USER, PASSWORD]) search.expectNowhere('Basic', part, [/^signal to \/a$/]);
    search.expectNowhere('Basic, as it is sent', Buffer.from(`${USER}:${PASSWORD}`).toString('base64'), [
      /^signal to \/a$/,
    ]);
    search.expectNowhere('bearer', BEARER, [/^signal to \/b$/]);
    search.expectNowhere('header', HEADER, [/^signal to \/c$/]);
    search.expectNowhere('what a receiver answered', ANSWERED);
    expect(known.challenges.length).toBeGreaterThan(2);
    for (const challenge of known.challenges) search.expectNowhere('challenge', challenge, [/^signal to \/own$/]);
  });

  it.each([
    ['keys', SHOWN.key],
    ['adminKeys', SHOWN.adminKey],
    ['secrets', SHOWN.secret],
    ['rotated', SHOWN.rotated],
    ['tokens', SHOWN.token],
    ['assertions', /^-$/],
    ['privateKeys', /^-$/],
  ] as const)('of %s are shown at most this once', (kind, shown) => {
    expect(known[kind].length).toBeGreaterThan(0);
    for (const secret of known[kind]) {
      // What identifies it stands before; a part of the secret itself would be as bad as all of it.
      for (const part of [secret, secret.slice(-24)]) search.expectNowhere(kind, part, [shown]);
      if (!secret.startsWith('whsec_')) continue;
      const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
      search.expectNowhere(kind, bytes.toString('hex'), [shown]);
      search.expectNowhere(kind, bytes.toString('latin1'), [shown]);
    }
  });

  it('of keys that somebody configured, or got wrong, are nowhere at all', () => {
    search.expectNowhere('admin key', TEST_ADMIN_KEY);
    search.expectNowhere('wrong credential', NEVER_RIGHT);
    for (const key of [OLD_MASTER, NEW_MASTER]) {
      search.expectNowhere('master key', key);
      search.expectNowhere('master key', Buffer.from(key, 'base64').toString('latin1'));
    }
  });

  it('of payloads are nowhere once they are erased', async () => {
    const { status, body } = await producer.admin('POST', '/erasures', { tenant: 'acme', subject: SUBJECT });
    expect([status, Number(body.events) > 0]).toEqual([200, true]);
    await search.seeStored(producer.app.get(DataSource));
    for (const canary of [PAYLOAD, SENSITIVE, REFUSED_PAYLOAD, LIVE]) {
      search.expectNowhere('erased payload', canary, [FETCHED]);
    }
  });
});
