import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isAuthFailure } from '../../../src/producer/access/authenticated.js';
import { openSubscriptions, type Subscriptions } from '../../support/subscription-services.js';

describe('an admin key', () => {
  let db: Subscriptions;
  const scopes = async (header: string | undefined) => {
    const result = await db.adminKeys.authenticate(header);
    return isAuthFailure(result) ? result.reason : result.key.scopes;
  };

  beforeEach(async () => void (db = await openSubscriptions()));
  afterEach(() => db.close());

  it('opens what its scopes say, and is stored hashed', async () => {
    const { apiKey, ...view } = await db.adminKeys.create({ name: 'billing', scopes: ['events:publish'] });
    expect(apiKey).toMatch(/^sa_/);
    expect(view).toEqual({
      id: view.id,
      name: 'billing',
      scopes: ['events:publish'],
      lastUsedAt: null,
      createdAt: '2026-11-23T17:30:00.000Z',
    });
    expect(await scopes(`Bearer ${apiKey}`)).toEqual(['events:publish']);
    expect(db.adminKeys.authenticate(`Bearer ${apiKey}`)).not.toBeInstanceOf(Promise);
    expect((await db.adminKeys.list({ limit: 5 })).items).toEqual([view]);
    expect(JSON.stringify(await db.dataSource.query('SELECT * FROM signpost_admin_key'))).not.toContain(
      apiKey.slice(30, 62),
    );
    await db.lastUsed.flush();
    expect((await db.adminKeys.list({ limit: 5 })).items[0]?.lastUsedAt).toBe('2026-11-23T17:30:00.000Z');
  });

  it('opens nothing as soon as it is removed', async () => {
    const { id, apiKey } = await db.adminKeys.create({ name: 'billing', scopes: ['admin'] });
    expect(await scopes(`Bearer ${apiKey}`)).toEqual(['admin']);
    await db.adminKeys.remove(id);
    expect(await scopes(`Bearer ${apiKey}`)).toBe('unknown');
    await expect(db.adminKeys.remove(id)).rejects.toMatchObject({ code: 'not_found', kind: 'admin key' });
  });

  it('is not a receiver’s key, nor the other way round', async () => {
    const { id } = await db.receivers.create({ name: 'Acme' });
    const { apiKey } = await db.credentials.create(id, { name: 'key' });
    expect(await scopes(`Bearer ${apiKey}`)).toBe('malformed');
    expect(await scopes(undefined)).toBe('missing');
    expect(await scopes('')).toBe('missing');
    expect(await scopes(`Basic ${Buffer.from(`x:${apiKey}`).toString('base64')}`)).toBe('malformed');
  });
});

describe('the first admin key', () => {
  let db: Subscriptions;
  beforeEach(async () => void (db = await openSubscriptions()));
  afterEach(() => db.close());

  it('is made once, when nobody could administer otherwise', async () => {
    await db.adminKeys.create({ name: 'publisher only', scopes: ['events:publish'] });
    const key = await db.adminKeys.ensureBootstrapKey();
    expect(await db.adminKeys.authenticate(`Bearer ${key}`)).toMatchObject({ key: { scopes: ['admin'] } });
    expect(await db.adminKeys.ensureBootstrapKey()).toBeUndefined();
    expect((await db.adminKeys.list({ limit: 9 })).items).toHaveLength(2);
  });

  it('can be given by the configuration, in any form, and is stored nowhere', async () => {
    const given = 'my own, rather long admin key!';
    const header = `Bearer ${given.replaceAll(' ', '_')}`;
    expect(await db.adminKeys.authenticate(header)).toMatchObject({ reason: 'malformed' });
    expect(await db.adminKeys.ensureBootstrapKey(given.replaceAll(' ', '_'))).toBeUndefined();
    expect(await db.adminKeys.authenticate(header)).toEqual({
      key: { id: null, name: 'configuration', scopes: ['admin'] },
    });
    expect(await db.adminKeys.authenticate(`${header}x`)).toMatchObject({ reason: 'malformed' });
    expect(await db.dataSource.query('SELECT * FROM signpost_admin_key')).toEqual([]);
  });

  it('from the configuration stands beside those in the database', async () => {
    const { apiKey } = await db.adminKeys.create({ name: 'operator', scopes: ['admin'] });
    await db.adminKeys.ensureBootstrapKey('given-by-configuration');
    expect(await db.adminKeys.authenticate(`Bearer ${apiKey}`)).toMatchObject({ key: { name: 'operator' } });
  });
});
