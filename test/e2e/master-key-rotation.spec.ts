import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { rotateMasterKey } from '../../src/index.js';
import { EndpointDirectory } from '../../src/producer/subscriptions/endpoint-directory.js';
import { SEALED_COLUMNS } from '../../src/producer/subscriptions/sealed-columns.js';
import { SealedValues } from '../../src/producer/subscriptions/sealed-values.js';
import { Sealer } from '../../src/producer/subscriptions/sealing.js';
import { verifySignal } from '../../src/receiver/client/index.js';
import { closeApp } from '../support/close-app.js';
import { DATABASES, freshDatabase, storedRows, type FreshDatabase } from '../support/databases.js';
import { type ProducerApp, startProducer } from '../support/producer-app.js';
import { type SignalReceiver, startSignalReceiver } from '../support/signal-receiver.js';
import { publish, subscribe, type Subscribed } from '../support/subscribed.js';

const key = (n: number) => Buffer.alloc(32, n).toString('base64');
const [OLD, NEW, FOREIGN] = [key(1), key(2), key(3)];
const auth = { bearer: 'token' };

describe.each(DATABASES)('the master key (%s)', (database) => {
  let fresh: FreshDatabase;
  let receiver: SignalReceiver;
  let producer: ProducerApp | undefined;

  const start = async (masterKey: string, previousMasterKeys: string[] = []): Promise<ProducerApp> => {
    if (producer) await closeApp(producer.app);
    producer = undefined;
    producer = await startProducer('fastify', { dispatch: false, masterKey, previousMasterKeys }, fresh);
    return producer;
  };
  const source = (app: ProducerApp): DataSource => app.app.get(DataSource);
  /** What a process with this key does before anything else. */
  const startCheck = (app: ProducerApp, masterKey: string) =>
    new EndpointDirectory(source(app), new Sealer(masterKey)).onModuleInit();
  const open = (from = OLD) => ({ masterKey: NEW, previousMasterKeys: [from] });
  /** A signal goes to the endpoint and is what its receiver expects. */
  const expectSignal = async (app: ProducerApp, { secret }: Subscribed) => {
    const before = receiver.signals.length;
    await publish(app, { type: 'invoice.paid' });
    await app.dispatchOnce();
    const signals = receiver.signals.slice(before);
    const verified = signals.filter(({ body, headersDistinct }) => {
      try {
        return verifySignal(body, { headersDistinct }, secret) && headersDistinct.authorization?.[0] === 'Bearer token';
      } catch {
        return false;
      }
    });
    expect(verified).toHaveLength(1);
  };

  beforeEach(async () => {
    fresh = await freshDatabase(database);
    receiver = await startSignalReceiver();
  });
  afterEach(async () => {
    if (producer) await closeApp(producer.app);
    producer = undefined;
    await fresh.drop();
    await receiver.close();
  });

  it('is rotated while everything goes on; then the former one opens nothing and is needed by nobody', async () => {
    let app = await start(OLD);
    const first = await subscribe(app, `${receiver.url}/1`, { auth, signature: 'standard+ed25519' });
    const second = await subscribe(app, `${receiver.url}/2`, { auth });
    await app.admin('POST', `/endpoints/${second.endpoint}/rotate-secret`, {});

    app = await start(NEW, [OLD]);
    await expectSignal(app, first);
    const published = (await app.call('GET', '/.well-known/jwks.json')).text;
    const third = await subscribe(app, `${receiver.url}/3`, { auth });
    // Two URLs, two auths, three secrets, the installation's signing key for signals; what the third endpoint has is under the new key already.
    expect(await rotateMasterKey(source(app), open())).toEqual({ resealed: 8, unknown: [], damaged: [] });
    expect(await rotateMasterKey(source(app), open())).toEqual({ resealed: 0, unknown: [], damaged: [] });
    for (const one of [first, second, third]) await expectSignal(app, one);

    app = await start(NEW);
    for (const one of [first, second, third]) await expectSignal(app, one);
    expect((await app.call('GET', '/.well-known/jwks.json')).text).toBe(published);
    await expect(startCheck(app, OLD)).rejects.toThrow(
      /3 of signpost_endpoint\.url_sealed under .*3 of signpost_endpoint\.auth_sealed under .*4 of signpost_endpoint_secret\.sealed under .*2 of signpost_signing_key\.sealed under/,
    );
  });

  it('leaves a row in the audit of changes each time it is rotated: who, which key by its id, how many values, and no key', async () => {
    const app = await start(NEW, [OLD]);
    const dataSource = source(app);
    const one = await subscribe(app, receiver.url, { auth });
    const old = new Sealer(OLD).seal('whsec_x', `${one.endpoint}/secret`);
    await dataSource.sql`UPDATE signpost_endpoint_secret SET sealed = ${old} WHERE endpoint_id = ${one.endpoint}`;
    const rotations = async () =>
      (await app.admin<{ items: object[] }>('GET', '/changes?action=master-key.rotate')).body.items;
    await rotateMasterKey(dataSource, open());
    await rotateMasterKey(dataSource, open());
    const row = {
      actor: { kind: 'cli', id: null, name: null },
      action: 'master-key.rotate',
      target: new Sealer(NEW).keyId,
      receiver: null,
      fields: null,
      address: null,
    };
    expect(await rotations()).toMatchObject([
      { ...row, count: 0, status: 200 },
      { ...row, count: 1, status: 200 },
    ]);
    await dataSource.query('ALTER TABLE signpost_signing_key RENAME TO away');
    await expect(rotateMasterKey(dataSource, open())).rejects.toThrow('signpost_signing_key');
    await dataSource.query('ALTER TABLE away RENAME TO signpost_signing_key');
    expect((await rotations())[0]).toMatchObject({ ...row, count: null, status: 500 });
    const rows = JSON.stringify((await storedRows(dataSource)).get('signpost_change'));
    for (const secret of [OLD, NEW]) expect(rows).not.toContain(secret.slice(0, 20));
  });

  it('is not rotated while the audit cannot be written', async () => {
    const app = await start(NEW, [OLD]);
    const dataSource = source(app);
    const one = await subscribe(app, receiver.url, { auth });
    const old = new Sealer(OLD).seal('whsec_x', `${one.endpoint}/secret`);
    await dataSource.sql`UPDATE signpost_endpoint_secret SET sealed = ${old} WHERE endpoint_id = ${one.endpoint}`;
    await dataSource.query('ALTER TABLE signpost_change RENAME TO away');
    await expect(rotateMasterKey(dataSource, open())).rejects.toThrow('signpost_change');
    await dataSource.query('ALTER TABLE away RENAME TO signpost_change');
    const secrets = (await storedRows(dataSource)).get('signpost_endpoint_secret');
    expect(secrets?.map(({ sealed }) => sealed)).toEqual([old]);
  });

  it('opens on all nodes before any seals with it, in either order of the two', async () => {
    let app = await start(OLD, [NEW]);
    const first = await subscribe(app, receiver.url, { auth });
    app = await start(NEW, [OLD]);
    await expectSignal(app, first);
    const second = await subscribe(app, `${receiver.url}/2`, { auth });
    app = await start(OLD, [NEW]);
    await expectSignal(app, second);
  });

  it('is rotated in bounded batches, which can be broken off and gone on with', async () => {
    const app = await start(OLD);
    const one = await subscribe(app, receiver.url, { auth });
    const dataSource = source(app);
    // More rows than a batch has; nobody signals these.
    const old = new Sealer(OLD);
    const rows = Array.from({ length: 250 }, (_, n) => {
      const sealed = old.seal(`whsec_${n}`, `${one.endpoint}/secret`);
      return `('${one.endpoint}', '${sealed}', 0, 1)`;
    });
    await dataSource.query(
      `INSERT INTO signpost_endpoint_secret (endpoint_id, sealed, created_at, expires_at) VALUES ${rows.join(', ')}`,
    );
    let left = 100;
    let largest = 0;
    const brokenOff = watched(dataSource, (sql) => {
      if (sql.startsWith('UPDATE') && left-- === 0) throw new Error('broken off');
    });
    await expect(new SealedValues(brokenOff).reseal(new Sealer(NEW, [OLD]))).rejects.toThrow('broken off');
    const whole = watched(dataSource, undefined, (rows) => (largest = Math.max(largest, rows)));
    expect(await new SealedValues(whole).reseal(new Sealer(NEW, [OLD]))).toEqual({
      resealed: 253 - 100,
      unknown: [],
      damaged: [],
    });
    expect(largest).toBeLessThanOrEqual(200);
    expect(await new SealedValues(dataSource).under([new Sealer(NEW).keyId])).toEqual([]);
  });

  it('takes back nothing that a node changes while it is rotated', async () => {
    const app = await start(OLD);
    const one = await subscribe(app, `${receiver.url}/old`, { auth });
    const dataSource = source(app);
    const changed = new Sealer(OLD).seal(`${receiver.url}/new`, `${one.endpoint}/url`);
    let meanwhile = 0;
    const raced = watched(dataSource, async (sql) => {
      if (!sql.startsWith('UPDATE') || !sql.includes('url_sealed') || meanwhile++ > 0) return;
      await dataSource.sql`UPDATE signpost_endpoint SET url_sealed = ${changed}, version = version + 1 WHERE id = ${one.endpoint}`;
    });
    const summary = await new SealedValues(raced).reseal(new Sealer(NEW, [OLD]));
    expect(summary).toEqual({ resealed: 3, unknown: [], damaged: [] });
    const after = await start(NEW);
    await expectSignal(after, one);
    expect(receiver.signals.at(-1)?.path).toBe('/new');
  });

  it('names what is under a key that nobody gave, and what is damaged, and leaves both alone', async () => {
    const app = await start(OLD);
    const [one, other] = [
      await subscribe(app, receiver.url, { auth }),
      await subscribe(app, receiver.url, { auth: { bearer: 'other' } }),
    ];
    const dataSource = source(app);
    const foreign = new Sealer(FOREIGN).seal('whsec_x', `${one.endpoint}/secret`);
    await dataSource.sql`UPDATE signpost_endpoint_secret SET sealed = ${foreign} WHERE endpoint_id = ${one.endpoint}`;
    // Moved from one endpoint to the other: bound to its own, it opens nowhere else.
    const [row] = await dataSource.query<{ sealed: string }[]>(
      `SELECT auth_sealed AS sealed FROM signpost_endpoint WHERE id = '${other.endpoint}'`,
    );
    await dataSource.sql`UPDATE signpost_endpoint SET auth_sealed = ${row?.sealed}, version = version + 1 WHERE id = ${one.endpoint}`;
    const keyId = new Sealer(FOREIGN).keyId;
    expect(await rotateMasterKey(dataSource, open())).toEqual({
      resealed: 4,
      unknown: [{ column: 'signpost_endpoint_secret.sealed', keyId, count: 1 }],
      damaged: [`signpost_endpoint.auth_sealed of ${one.endpoint}`],
    });
    const rows = (await storedRows(dataSource)).get('signpost_endpoint_secret');
    expect(rows?.map(({ sealed }) => sealed)).toContain(foreign);
    const test = await app.admin('POST', `/endpoints/${one.endpoint}/test`);
    expect(test.body).toMatchObject({ outcome: 'failed', category: 'secret_unreadable' });
    await expect(startCheck(app, NEW)).rejects.toThrow(`1 of signpost_endpoint_secret.sealed under ${keyId}`);
  });

  it('seals no column that a rotation does not know', async () => {
    const app = await start(OLD);
    const dataSource = source(app);
    const columns = await dataSource.query<{ name: string }[]>(
      database === 'postgres'
        ? `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
           WHERE table_schema = current_schema() AND table_name LIKE 'signpost%' AND column_name LIKE '%sealed%'`
        : `SELECT m.name || '.' || c.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c
           WHERE m.type = 'table' AND m.name LIKE 'signpost%' AND c.name LIKE '%sealed%'`,
    );
    const known = SEALED_COLUMNS.map(({ table, column }) => `signpost_${table}.${column}`);
    expect(columns.map(({ name }) => name).sort()).toEqual(known.sort());
  });
});

/** A DataSource whose statements are seen, and can be failed, before they run. */
function watched(
  dataSource: DataSource,
  before?: (sql: string) => unknown,
  answered?: (rows: number) => unknown,
): DataSource {
  const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
    await before?.(sql.trim());
    const rows = await dataSource.query<unknown[]>(sql, values);
    answered?.(rows.length);
    return rows;
  };
  return { options: dataSource.options, query } as unknown as DataSource;
}
