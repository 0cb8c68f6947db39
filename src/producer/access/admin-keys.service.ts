import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { IdGenerator, type CredentialId } from '../../protocol/ids.js';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { NotFoundError } from '../subscriptions/errors.js';
import { isoTime, isoTimeOrNull, listing, type Listing, type ListRequest } from '../subscriptions/listing.js';
import { AdminKeyEntity } from './admin-key.entity.js';
import { generateApiKey, hashApiKey, matchesHash, NO_KEY_HASH } from './api-key.js';
import type { AuthenticatedAdmin, AuthFailure } from './authenticated.js';
import { bearerToken, presentedKey, type AuthFailureReason, type PresentedKey } from './authorization-header.js';
import { excludeOtherNodes } from './exclusive-table.js';
import { KeyCache } from './key-cache.js';
import { LastUsed } from './last-used.js';
import type { AdminScope } from './scopes.js';

export interface NewAdminKey {
  name: string;
  scopes: readonly AdminScope[];
}

/** Times are ISO 8601. */
export interface AdminKeyView {
  id: CredentialId;
  name: string;
  scopes: AdminScope[];
  /** Exact to about a minute. */
  lastUsedAt: string | null;
  createdAt: string;
}

/** The key itself, on creation only. */
export type AdminKeyViewWithKey = AdminKeyView & { apiKey: string };

interface KnownAdminKey {
  authenticated: AuthenticatedAdmin;
  hash: Buffer;
}

/** Keys for operators, and for producers in other languages. */
@Injectable()
export class AdminKeysService {
  private readonly now: () => number;
  private readonly cache: KeyCache<CredentialId, KnownAdminKey>;
  /** Hash of the key that the configuration gives; it is in no table. */
  private configured: Buffer | undefined;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(IdGenerator) private readonly ids: IdGenerator,
    @Inject(LastUsed) private readonly lastUsed: LastUsed,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
    this.cache = new KeyCache((id) => this.read(id), this.now);
  }

  /** The view carries the key; it is shown this once. */
  async create(given: NewAdminKey): Promise<AdminKeyViewWithKey> {
    return this.insert(this.dataSource.manager, given);
  }

  /** In the order of creation. `after` is an id. */
  async list({ after = '', limit }: ListRequest): Promise<Listing<AdminKeyView>> {
    const keys = await this.dataSource.manager.find(AdminKeyEntity, {
      where: { id: MoreThan(after as CredentialId) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    return listing(keys, limit, ({ id }) => id, view);
  }

  /** @throws NotFoundError */
  async remove(id: CredentialId): Promise<void> {
    const { affected } = await this.dataSource.manager.delete(AdminKeyEntity, { id });
    this.cache.forget(id);
    if (affected === 0) throw new NotFoundError('admin key', id);
  }

  /**
   * Sees to it that somebody can get in. `given` is the key from the configuration: this process accepts it, and it is stored
   * nowhere. Without one, and when no key may administer yet, makes one, stores its hash and answers with it, to be shown once.
   */
  async ensureBootstrapKey(given?: string): Promise<string | undefined> {
    if (given !== undefined && given !== '') {
      this.configured = hashApiKey(given);
      return undefined;
    }
    return this.dataSource.transaction(async (manager) => {
      await excludeOtherNodes(manager, 'signpost_admin_key');
      const keys = await manager.find(AdminKeyEntity);
      if (keys.some(({ scopes }) => scopes.includes('admin'))) return undefined;
      const { apiKey } = await this.insert(manager, { name: 'first admin key', scopes: ['admin'] });
      return apiKey;
    });
  }

  /** Who presents this `Authorization: Bearer <admin key>` header. Answers at once for a key read within the last second. */
  authenticate(
    header: string | undefined,
  ): AuthenticatedAdmin | AuthFailure | Promise<AuthenticatedAdmin | AuthFailure> {
    const token = bearerToken(header);
    if (token !== undefined && this.configured && matchesHash(token, this.configured)) return CONFIGURED;
    const presented = token === undefined && header ? 'malformed' : presentedKey(header, 'sa');
    if (typeof presented === 'string') return failure(presented);
    const known = this.cache.get(presented.id);
    if (known instanceof Promise) return known.then((read) => this.check(presented, read));
    return this.check(presented, known);
  }

  private check({ id, text }: PresentedKey, known: KnownAdminKey | undefined): AuthenticatedAdmin | AuthFailure {
    const right = matchesHash(text, known?.hash ?? NO_KEY_HASH);
    if (!known) return failure('unknown', id);
    if (!right) return failure('wrong', id);
    this.lastUsed.touch('admin_key', id, this.now());
    return known.authenticated;
  }

  private async insert(manager: EntityManager, { name, scopes }: NewAdminKey): Promise<AdminKeyViewWithKey> {
    const id = this.ids.next('key');
    const { text, hash } = generateApiKey('sa', id);
    const key: AdminKeyEntity = {
      id,
      name,
      secretHash: hash,
      scopes: [...scopes],
      lastUsedAt: null,
      createdAt: this.now(),
    };
    await manager.insert(AdminKeyEntity, key);
    return { ...view(key), apiKey: text };
  }

  private async read(id: CredentialId): Promise<KnownAdminKey | undefined> {
    const key = await this.dataSource.manager.findOneBy(AdminKeyEntity, { id });
    if (!key) return undefined;
    return {
      authenticated: { key: { id, name: key.name, scopes: key.scopes } },
      hash: Buffer.from(key.secretHash, 'hex'),
    };
  }
}

const CONFIGURED: AuthenticatedAdmin = { key: { id: null, name: 'configuration', scopes: ['admin'] } };

function failure(reason: AuthFailureReason, credential: CredentialId | null = null): AuthFailure {
  return { reason, credential, receiver: null };
}

function view({ id, name, scopes, lastUsedAt, createdAt }: AdminKeyEntity): AdminKeyView {
  return { id, name, scopes, lastUsedAt: isoTimeOrNull(lastUsedAt), createdAt: isoTime(createdAt) };
}
