import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ReceiverIdentity } from '../../../src/index.js';
import { AccessLog } from '../../../src/producer/access/access-log.js';
import type { EventStore } from '../../../src/producer/log/event-store.js';
import { EVENT_STORE } from '../../../src/producer/signpost-options.js';
import { IdGenerator } from '../../../src/protocol/ids.js';
import type { Database } from '../databases.js';
import { startIssuer, type TestIssuer } from '../issuer.js';
import { startProducer, type ProducerApp } from '../producer-app.js';
import { obtainToken, type Headers } from './tokens.js';
import type { EventCase } from './tables.js';

const DAY = 86_400_000;
export const EMAIL = 'canary-email@example.com';
export const NAME = 'canary-name-57';
const DATA = { n: 1, email: EMAIL, name: NAME };
/** By its pointer, the scope that opens it, and its value. */
export const FIELDS = [
  { pointer: '/email', scope: 'pii:read', value: EMAIL },
  { pointer: '/name', scope: 'pii:names', value: NAME },
] as const;
/** What the credentials of the events' cells are narrowed to. */
export const CREDENTIAL_TYPES = ['both.*', 'credential.*'];
export const READABLE_TYPE = 'both.x';
const RECEIVER_TYPES = ['both.*', 'receiver.*'];
const EVENT_TYPES = [READABLE_TYPE, 'receiver.x', 'credential.x', 'neither.x'];

export interface Answered {
  status: number;
  text: string;
  headers: Record<string, unknown>;
}

export interface SeededEvent extends EventCase {
  id: string;
}

/** An installation with one event of each kind, and what was shown to nobody for a month. */
export interface World {
  producer: ProducerApp;
  issuer: TestIssuer;
  receiver: string;
  /** Of the same tenant, and of another one. */
  strangers: { neighbour: string; foreigner: string };
  /** Who the application knows, by the header `x-user`. */
  known: Map<string, ReceiverIdentity>;
  events: SeededEvent[];
  /** Shown too late. */
  past: { apiKey: string; token: string };
  /** Events that the resolver of the live view was asked about. */
  resolved: Set<string>;
  log: AccessLog;
  call(method: string, path: string, headers: Headers, body?: unknown): Promise<Answered>;
  make(path: string, body: unknown): Promise<Record<string, string>>;
  close(): Promise<void>;
}

export async function startWorld(database: Database, withPolicy: boolean): Promise<World> {
  let offset = -31 * DAY;
  const issuer = await startIssuer();
  const known = new Map<string, ReceiverIdentity>();
  const resolved = new Set<string>();
  const producer = await startProducer(
    'fastify',
    {
      dispatch: false,
      now: () => Date.now() + offset,
      issuers: [{ issuer: issuer.url, audience: issuer.audience, jwksUrl: issuer.jwksUrl, receiverClaim: 'receiver' }],
      identify: (request) =>
        known.get(String((request as { headers: Record<string, unknown> }).headers['x-user'])) ?? null,
      limits: { perCredential: false, unauthorizedPerMinute: false, missesPerMinute: false },
      endpoints: { maxPerReceiver: 10_000 },
      currentViews: [
        {
          types: ['*'],
          resolve: ({ id }) => {
            resolved.add(id);
            return { data: DATA };
          },
        },
      ],
      ...(withPolicy ? { policy: { canRead: ({ subject }) => subject?.endsWith('-no') !== true } } : {}),
    },
    database,
  );

  const make: World['make'] = async (path, body) => {
    const answer = await producer.admin<Record<string, string>>('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.body;
  };
  const receiverOf = async (tenant: string) =>
    (await make('/receivers', { name: tenant, tenant, eventTypes: RECEIVER_TYPES })).id ?? '';
  const receiver = await receiverOf('own');
  const strangers = { neighbour: await receiverOf('own'), foreigner: await receiverOf('other') };
  const sensitiveFields = FIELDS.map(({ pointer, scope }) => ({ pointer, scope }));
  for (const name of EVENT_TYPES) await make('/event-types', { name, sensitiveFields });

  const cases = casesOf(withPolicy);
  const publish = async (wanted: EventCase[]): Promise<SeededEvent[]> => {
    const events = wanted.map((each) => ({
      type: typeOf(each),
      tenant: each.tenant,
      subject: subjectOf(each),
      data: DATA,
    }));
    const { ids } = (await make('/events/batch', { events })) as unknown as { ids: string[] };
    return wanted.map((each, at) => ({ ...each, id: ids[at] ?? '' }));
  };

  const expired = await publish(cases.filter(({ payload }) => payload === 'expired'));
  const expiresAt = new Date(Date.now() + offset + DAY).toISOString();
  const old = await make(`/receivers/${receiver}/credentials`, { name: 'old', expiresAt });
  const kept = await make(`/receivers/${receiver}/credentials`, { name: 'kept' });
  const past = { apiKey: old.apiKey ?? '', token: await obtainToken(producer, kept) };

  offset = 0;
  await producer.app.get<EventStore>(EVENT_STORE).prune(Date.now() - 30 * DAY, Date.now() - 60 * DAY, 1_000);
  const others = await publish(cases.filter(({ payload }) => payload !== 'expired'));
  for (const tenant of ['own', 'other']) {
    for (const policy of ['yes', 'no']) await make('/erasures', { tenant, subject: `erased-${policy}` });
  }
  const unknown: SeededEvent = { ...YES, payload: 'unknown', id: new IdGenerator().next('evt') };

  return {
    producer,
    issuer,
    receiver,
    strangers,
    known,
    events: [...expired, ...others, unknown],
    past,
    resolved,
    log: producer.app.get(AccessLog),
    make,
    call: async (method, path, headers, body) => {
      const answer = await (producer.app as NestFastifyApplication).inject({
        method: method as 'GET',
        url: path,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, text: answer.body, headers: answer.headers };
    },
    close: async () => {
      await producer.close();
      await issuer.close();
    },
  };
}

const YES = { tenant: 'own', "receiver's types": 'yes', "credential's types": 'yes', policy: 'yes' } as const;
const YES_OR_NO = ['yes', 'no'] as const;

function casesOf(withPolicy: boolean): EventCase[] {
  return (['own', 'other'] as const).flatMap((tenant) =>
    YES_OR_NO.flatMap((ofReceiver) =>
      YES_OR_NO.flatMap((ofCredential) =>
        (withPolicy ? YES_OR_NO : (['yes'] as const)).flatMap((policy) =>
          (['live', 'erased', 'expired'] as const).map((payload) => ({
            tenant,
            "receiver's types": ofReceiver,
            "credential's types": ofCredential,
            policy,
            payload,
          })),
        ),
      ),
    ),
  );
}

function typeOf(event: EventCase): string {
  const byReceiver = event["receiver's types"] === 'yes';
  if (event["credential's types"] === 'yes') return byReceiver ? READABLE_TYPE : 'credential.x';
  return byReceiver ? 'receiver.x' : 'neither.x';
}

const subjectOf = ({ payload, policy }: EventCase): string => `${payload}-${policy}`;
