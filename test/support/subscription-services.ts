import { randomBytes } from 'node:crypto';
import { IdGenerator, type EndpointId } from '../../src/protocol/ids.js';
import { AccessLog } from '../../src/producer/access/access-log.js';
import { AccessTokens } from '../../src/producer/access/access-tokens.js';
import { ChangeLog } from '../../src/producer/access/change-log.js';
import { AdminKeysService } from '../../src/producer/access/admin-keys.service.js';
import { Authenticator } from '../../src/producer/access/authenticator.js';
import { ClientAssertions } from '../../src/producer/access/client-assertions.js';
import { CredentialsService } from '../../src/producer/access/credentials.service.js';
import { ApplicationIdentities } from '../../src/producer/access/application-identities.js';
import { ForeignTokens } from '../../src/producer/access/foreign-tokens.js';
import { KnownReceivers } from '../../src/producer/access/known-receivers.js';
import { LastUsed } from '../../src/producer/access/last-used.js';
import { InstallationSignalKeys } from '../../src/producer/access/signal-keys.js';
import { SigningKeys } from '../../src/producer/access/signing-keys.js';
import { UsedAssertions } from '../../src/producer/access/used-assertions.js';
import { EndpointDirectory } from '../../src/producer/subscriptions/endpoint-directory.js';
import { EndpointsService } from '../../src/producer/subscriptions/endpoints.service.js';
import { EventTypesService } from '../../src/producer/subscriptions/event-types.service.js';
import type { TargetAdmission } from '../../src/producer/subscriptions/ports.js';
import { ReceiverChanges } from '../../src/producer/subscriptions/receiver-changes.js';
import { ReceiversService } from '../../src/producer/subscriptions/receivers.service.js';
import { Sealer } from '../../src/producer/subscriptions/sealing.js';
import { SqliteDatabase } from '../../src/producer/sqlite-database.js';
import { openTestDatabase } from './database.js';

/** 2026-11-23T17:30:00.000Z */
export const START = 1_795_455_000_000;

export class RefusedTargetError extends Error {
  readonly code = 'target_refused';
}

const POLICY = {
  dispatch: { retrySchedule: [5_000], confirmSchedule: [300_000], disableAfterMs: 432_000_000, leaseMs: 60_000 },
};

/** Admits what says `example.com`, in lower case. */
const admission: TargetAdmission = {
  admit: (url) =>
    /example\.com/i.test(url)
      ? Promise.resolve({ url: url.toLowerCase() })
      : Promise.reject(new RefusedTargetError('not example.com')),
};

/** The services of subscriptions and access on a fresh database, with a clock that the test owns. */
export async function openSubscriptions(masterKey = randomBytes(32).toString('base64')) {
  const opened = await openTestDatabase();
  const { dataSource, turns } = opened;
  const clock = { now: START };
  const options = { now: () => clock.now };
  const ids = new IdGenerator(options.now);
  const changes = new ReceiverChanges();
  const sealer = new Sealer(masterKey);
  const database = new SqliteDatabase(turns, ids, { ...POLICY, now: options.now, random: () => 0.5 });
  const lastUsed = new LastUsed(database);
  const woken = { times: 0 };
  const signingKeys = new SigningKeys(dataSource, sealer, options);
  const signalKeys = new InstallationSignalKeys(signingKeys, options);
  const wake = () => void woken.times++;
  const credentials = new CredentialsService(dataSource, ids, lastUsed, changes, options);
  const receiversKnown = new KnownReceivers(dataSource, changes, options);
  const usedAssertions = new UsedAssertions(dataSource);
  const accessTokens = new AccessTokens(signingKeys, credentials, lastUsed, options);
  return {
    ...opened,
    // Its timer would fire long after the database is gone.
    close: async () => {
      await lastUsed.beforeApplicationShutdown();
      await opened.close();
    },
    database,
    clock,
    woken,
    signalKeys,
    ids,
    sealer,
    changes,
    lastUsed,
    receivers: new ReceiversService(dataSource, database, ids, changes, options),
    endpoints: new EndpointsService(dataSource, database, ids, sealer, admission, wake, changes, options, signalKeys),
    directory: new EndpointDirectory(dataSource, sealer),
    eventTypes: new EventTypesService(dataSource, options),
    credentials,
    signingKeys,
    accessTokens,
    receiversKnown,
    authenticator: new Authenticator(
      credentials,
      accessTokens,
      new ForeignTokens(receiversKnown, options),
      new ApplicationIdentities(receiversKnown, {}),
      {},
    ),
    assertions: new ClientAssertions(credentials, usedAssertions, lastUsed, options),
    usedAssertions,
    adminKeys: new AdminKeysService(dataSource, ids, lastUsed, options),
    accessLog: new AccessLog(database, options),
    changeLog: new ChangeLog(database, options),
    /** Puts `count` events of one type into the log. */
    publish: (count: number, type = 'invoice.paid') =>
      turns.step('publish', () => {
        for (let n = 0; n < count; n++) {
          turns
            .prepare(
              `INSERT INTO signpost_event (id, tenant, type, occurred_at, recorded_at, data) VALUES (?, 'default', ?, ?, ?, '{}')`,
            )
            .run(ids.next('evt'), type, clock.now, clock.now);
        }
      }),
    /** An endpoint's position row. */
    position: async (id: EndpointId) => {
      const [row] = await dataSource.query<Record<string, unknown>[]>(
        'SELECT * FROM signpost_endpoint_position WHERE endpoint_id = ?',
        [id],
      );
      return row;
    },
    setPosition: (id: EndpointId, columns: Record<string, string | number | null>) =>
      dataSource.query(
        `UPDATE signpost_endpoint_position SET ${Object.keys(columns)
          .map((name) => `${name} = ?`)
          .join(', ')} WHERE endpoint_id = ?`,
        [...Object.values(columns), id],
      ),
  };
}

export type Subscriptions = Awaited<ReturnType<typeof openSubscriptions>>;
