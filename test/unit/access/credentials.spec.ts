import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateApiKey } from '../../../src/producer/access/api-key.js';
import { isAuthFailure } from '../../../src/producer/access/authenticated.js';
import type { CredentialViewWithKey } from '../../../src/producer/access/credential-view.js';
import type { ReceiverId } from '../../../src/protocol/ids.js';
import { openSubscriptions, START, type Subscriptions } from '../../support/subscription-services.js';

describe('a credential', () => {
  let db: Subscriptions;
  let receiver: ReceiverId;
  let credential: CredentialViewWithKey;

  const present = async (apiKey: string) => db.credentials.authenticate(`Bearer ${apiKey}`);
  const reason = async (header: string | undefined) => {
    const result = await db.credentials.authenticate(header);
    return isAuthFailure(result) ? result.reason : 'authenticated';
  };

  beforeEach(async () => {
    db = await openSubscriptions();
    receiver = (await db.receivers.create({ tenant: 'acme', name: 'Acme', eventTypes: ['invoice.*'] })).id;
    credential = await db.credentials.create(receiver, { name: 'production' });
  });
  afterEach(() => db.close());

  it('shows its key once and stores its hash only', async () => {
    const { apiKey, ...view } = credential;
    expect(view).toEqual({
      id: view.id,
      receiver,
      name: 'production',
      scopes: ['events:read'],
      types: ['*'],
      jwks: null,
      expiresAt: null,
      lastUsedAt: null,
      createdAt: '2026-11-23T17:30:00.000Z',
    });
    expect((await db.credentials.list(receiver, { limit: 5 })).items).toEqual([view]);
    const rows = JSON.stringify(await db.dataSource.query('SELECT * FROM signpost_credential'));
    expect(rows).not.toContain(apiKey.slice(30));
    expect(rows).not.toContain(apiKey.slice(30, 62));
  });

  it('opens the fetch API for its receiver, as Bearer and as Basic', async () => {
    const expected = {
      kind: 'api-key',
      receiver: { id: receiver, tenant: 'acme', eventTypes: ['invoice.*'] },
      credential: { id: credential.id, scopes: ['events:read'], types: ['*'] },
    };
    expect(await present(credential.apiKey)).toEqual(expected);
    const basic = Buffer.from(`${credential.id}:${credential.apiKey}`).toString('base64');
    expect(await db.credentials.authenticate(`Basic ${basic}`)).toEqual(expected);
  });

  it('is answered for without a promise once it was read', async () => {
    await present(credential.apiKey);
    expect(db.credentials.authenticate(`Bearer ${credential.apiKey}`)).not.toBeInstanceOf(Promise);
  });

  it('is one of several of its receiver, each with limits of its own', async () => {
    const narrow = await db.credentials.create(receiver, { name: 'narrow', types: ['invoice.paid'], scopes: [] });
    expect(await present(narrow.apiKey)).toMatchObject({
      credential: { id: narrow.id, types: ['invoice.paid'], scopes: [] },
    });
    expect(await present(credential.apiKey)).toMatchObject({ credential: { id: credential.id, types: ['*'] } });
    const page = await db.credentials.list(receiver, { limit: 1 });
    expect(page).toMatchObject({ more: true, cursor: credential.id });
    expect((await db.credentials.list(receiver, { limit: 9, after: credential.id })).items.map(({ id }) => id)).toEqual(
      [narrow.id],
    );
  });

  it('opens nothing with a key that is right in form only', async () => {
    const otherSecret = generateApiKey('sp', credential.id).text;
    const unknown = generateApiKey('sp', db.ids.next('key')).text;
    const admin = await db.adminKeys.create({ name: 'operator', scopes: ['admin'] });
    const { secret } = await db.endpoints.create(receiver, { url: 'https://example.com/', eventTypes: ['*'] });
    expect(await present(otherSecret)).toEqual({ reason: 'wrong', credential: credential.id, receiver });
    expect(await present(unknown)).toMatchObject({ reason: 'unknown', receiver: null });
    for (const token of [admin.apiKey, secret, credential.apiKey.slice(0, -1), credential.id]) {
      expect(await reason(`Bearer ${token}`)).toBe('malformed');
    }
    expect(await reason(undefined)).toBe('missing');
    // A wrong key does not become right by a right one that came before.
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('authenticated');
    expect(await reason(`Bearer ${otherSecret}`)).toBe('wrong');
  });

  it('opens nothing from the moment it expires', async () => {
    const { apiKey, id } = await db.credentials.create(receiver, { name: 'short', expiresAt: START + 500 });
    expect(await reason(`Bearer ${apiKey}`)).toBe('authenticated');
    db.clock.now = START + 499;
    expect(await reason(`Bearer ${apiKey}`)).toBe('authenticated');
    db.clock.now = START + 500;
    expect(await present(apiKey)).toEqual({ reason: 'expired', credential: id, receiver });
  });

  it('opens nothing as soon as it is revoked', async () => {
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('authenticated');
    await db.credentials.revoke(credential.id);
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('unknown');
    await expect(db.credentials.revoke(credential.id)).rejects.toMatchObject({ code: 'not_found', kind: 'credential' });
  });

  it('is not revoked through another receiver', async () => {
    const other = await db.receivers.create({ name: 'other' });
    await expect(db.credentials.revoke(credential.id, other.id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('authenticated');
    await db.credentials.revoke(credential.id, receiver);
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('unknown');
  });

  it('opens nothing within a second of its revocation on another node', async () => {
    await present(credential.apiKey);
    await db.dataSource.query('DELETE FROM signpost_credential');
    db.clock.now += 1_000;
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('unknown');
  });

  it('reads what its receiver may read now, not when it was remembered', async () => {
    await present(credential.apiKey);
    await db.receivers.update(receiver, { eventTypes: ['order.*'] });
    expect(await present(credential.apiKey)).toMatchObject({ receiver: { eventTypes: ['order.*'] } });
    await db.receivers.remove(receiver);
    expect(await reason(`Bearer ${credential.apiKey}`)).toBe('unknown');
  });

  it('notes its last use in batches, not per request', async () => {
    const lastUsed = async () => (await db.credentials.list(receiver, { limit: 1 })).items[0]?.lastUsedAt;
    await present(credential.apiKey);
    await present(generateApiKey('sp', credential.id).text);
    db.clock.now += 700;
    await present(credential.apiKey);
    expect(await lastUsed()).toBeNull();
    await db.lastUsed.flush();
    expect(await lastUsed()).toBe('2026-11-23T17:30:00.700Z');
    db.lastUsed.touch('credential', credential.id, START);
    await db.lastUsed.beforeApplicationShutdown();
    expect(await lastUsed()).toBe('2026-11-23T17:30:00.700Z');
  });
});
