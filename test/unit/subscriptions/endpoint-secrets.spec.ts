import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { EndpointId, ReceiverId } from '../../../src/protocol/ids.js';
import type { PreparedSecret } from '../../../src/protocol/secrets.js';
import { liveSecrets } from '../../../src/producer/signal/signing-secrets.js';
import { EndpointDirectory } from '../../../src/producer/subscriptions/endpoint-directory.js';
import { Sealer } from '../../../src/producer/subscriptions/sealing.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

const HOUR = 3_600_000;
const OWN = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function shown(secret: PreparedSecret): string {
  if (secret.scheme !== 'v1') throw new Error('not a shared secret');
  return `whsec_${secret.key.export().toString('base64')}`;
}

describe('the signing secrets of an endpoint', () => {
  // What does not open is logged, which is not what these tests are about.
  beforeAll(() => Logger.overrideLogger(false));

  let db: Subscriptions;
  let receiver: ReceiverId;
  let endpoint: EndpointId;
  let first: string;
  let version: number;

  /** What a signal that is claimed and sent now is signed with. */
  const signing = async (directory = db.directory, at = db.clock.now) => {
    const target = (await directory.targets([{ endpoint, version }])).get(endpoint);
    return target ? liveSecrets(target.secrets, at).map(shown) : undefined;
  };
  const rotate = async (rotation = {}) => {
    const { secret } = await db.endpoints.rotateSecret(endpoint, rotation);
    version += 1;
    return secret;
  };

  beforeEach(async () => {
    db = await openSubscriptions();
    receiver = (await db.receivers.create({ name: 'Acme' })).id;
    ({ id: endpoint, secret: first } = await db.endpoints.create(receiver, {
      url: 'https://example.com/',
      eventTypes: ['*'],
    }));
    version = 1;
  });
  afterEach(() => db.close());

  it('are different for every endpoint and stand nowhere in clear', async () => {
    const other = await db.endpoints.create(receiver, { url: 'https://example.com/', eventTypes: ['*'] });
    expect(other.secret).not.toBe(first);
    const rows = await db.dataSource.query<{ sealed: string }[]>('SELECT * FROM signpost_endpoint_secret');
    for (const secret of [first, other.secret]) {
      expect(JSON.stringify(rows)).not.toContain(secret.slice('whsec_'.length, -4));
    }
    expect(await signing()).toEqual([first]);
  });

  it('overlap for a day after a rotation, to the second', async () => {
    const second = await rotate();
    expect(await signing()).toEqual([second, first]);
    expect(await signing(db.directory, START + 24 * HOUR - 1)).toEqual([second, first]);
    expect(await signing(db.directory, START + 24 * HOUR)).toEqual([second]);
  });

  it('end at once when a rotation has no overlap', async () => {
    const second = await rotate({ overlapMs: 0 });
    expect(await signing()).toEqual([second]);
    expect(await db.dataSource.query('SELECT id FROM signpost_endpoint_secret')).toHaveLength(1);
  });

  it('can be the receiver’s own', async () => {
    expect(await rotate({ secret: OWN })).toBe(OWN);
    expect(await signing()).toEqual([OWN, first]);
  });

  it('are never more than three; the fourth is refused until one has run out', async () => {
    const second = await rotate({ overlapMs: 2 * HOUR });
    const third = await rotate({ overlapMs: 3 * HOUR });
    // The first one keeps its earlier end.
    expect(await signing(db.directory, START + 2 * HOUR)).toEqual([third, second]);
    await expect(rotate()).rejects.toMatchObject({ code: 'conflict' });
    expect(await signing()).toEqual([third, second, first]);
    db.clock.now = START + 2 * HOUR;
    const fourth = await rotate();
    expect(await signing()).toEqual([fourth, third, second]);
    expect(await db.dataSource.query('SELECT id FROM signpost_endpoint_secret')).toHaveLength(3);
  });

  it('can always be replaced at once, however many are live', async () => {
    await rotate();
    await rotate();
    const only = await rotate({ overlapMs: 0 });
    expect(await signing()).toEqual([only]);
  });

  it('are refused when they are no secret of ours, without being repeated', async () => {
    for (const secret of [
      '',
      'hunter2hunter2hunter2',
      'whsec_',
      'whsec_c2hvcnQ=',
      `whsk_${Buffer.alloc(32).toString('base64')}`,
    ]) {
      const error: unknown = await db.endpoints.rotateSecret(endpoint, { secret }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'invalid_secret' });
      if (secret.length > 6) expect(String(error)).not.toContain(secret);
    }
    expect(await signing()).toEqual([first]);
  });

  it('open under the master key that sealed them only; other endpoints are signalled all the same', async () => {
    const [{ sealed } = { sealed: '' }] = await db.dataSource.query<{ sealed: string }[]>(
      'SELECT sealed FROM signpost_endpoint_secret',
    );
    const other = await db.endpoints.create(receiver, { url: 'https://example.com/', eventTypes: ['*'] });
    await db.dataSource.query('UPDATE signpost_endpoint_secret SET sealed = ? WHERE endpoint_id = ?', [
      sealed,
      other.id,
    ]);
    const targets = await db.directory.targets([
      { endpoint, version: 1 },
      { endpoint: other.id, version: 1 },
    ]);
    expect([...targets.keys()]).toEqual([endpoint]);
  });

  it('stop the start under another master key, with the fix', async () => {
    const other = new EndpointDirectory(db.dataSource, new Sealer(randomBytes(32).toString('base64')));
    await expect(other.onModuleInit()).rejects.toMatchObject({
      reason: 'wrong-key',
      message: expect.stringContaining('start it with the master key'),
    });
    await db.directory.onModuleInit();
    // A damaged value is the matter of its endpoint alone.
    await db.dataSource.query(`UPDATE signpost_endpoint_secret SET sealed = substr(sealed, 1, 40)`);
    await db.directory.onModuleInit();
    await db.dataSource.query('DELETE FROM signpost_endpoint');
    await other.onModuleInit();
  });

  it('are read once for each version of an endpoint', async () => {
    await signing();
    await db.dataSource.query('DELETE FROM signpost_endpoint_secret');
    expect(await signing()).toEqual([first]);
    version += 1;
    expect(await signing()).toEqual([]);
    expect(await signing(new EndpointDirectory(db.dataSource, db.sealer))).toEqual([]);
  });

  it('are found for more endpoints than one query looks up', async () => {
    const endpoints = [{ endpoint, version: 1 }];
    await db.dataSource.transaction(async (manager) => {
      for (let n = 0; n < 600; n++) {
        const id = db.ids.next('ep');
        await manager.query(
          `INSERT INTO signpost_endpoint (id, receiver_id, tenant, url_sealed, url_shown, description, event_types, max_events_per_signal,
             min_interval_ms, confirm, signature, state, reason, start_position, version, created_at, updated_at, partition, url_version)
           SELECT ?, receiver_id, tenant, ?, url_shown, description, event_types,
             max_events_per_signal, min_interval_ms, confirm, signature, state, reason, start_position, version, created_at, updated_at,
             partition, url_version
           FROM signpost_endpoint WHERE id = ?`,
          [id, db.sealer.seal(`https://example.com/${n}`, `${id}/url`), endpoint],
        );
        endpoints.push({ endpoint: id, version: 1 });
      }
    });
    const targets = await db.directory.targets(endpoints);
    expect(targets.size).toBe(601);
    expect(targets.get(endpoints[600]?.endpoint ?? endpoint)?.url).toBe('https://example.com/599');
  });
});
