import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { IdGenerator, type CredentialId, type ReceiverId } from '../../protocol/ids.js';
import type { JsonWebKey } from '../../protocol/json-web-key.js';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { NotFoundError, StateConflictError } from '../subscriptions/errors.js';
import { listing, type Listing, type ListRequest } from '../subscriptions/listing.js';
import { ReceiverChanges } from '../subscriptions/receiver-changes.js';
import { findReceiver } from '../subscriptions/receivers.service.js';
import { generateApiKey, matchesHash, NO_KEY_HASH } from './api-key.js';
import { authFailure, type Authenticated, type AuthFailure } from './authenticated.js';
import { presentedKey, type PresentedKey } from './authorization-header.js';
import { CredentialEntity } from './credential.entity.js';
import { credentialView, type CredentialView, type CredentialViewWithKey, type PublicJwks } from './credential-view.js';
import { KeyCache } from './key-cache.js';
import { readCredential, type KnownCredential } from './known-credential.js';
import { LastUsed } from './last-used.js';
import { parsePublicJwks } from './public-jwks.js';
import { DEFAULT_SCOPES, type CredentialScope } from './scopes.js';

export interface NewCredential {
  name: string;
  /** Default `['events:read']`. */
  scopes?: readonly CredentialScope[] | undefined;
  /** Patterns that narrow what the receiver may read. Default `['*']`. */
  types?: readonly string[] | undefined;
  /** Unix ms; null, the default: never. */
  expiresAt?: number | null | undefined;
}

/** Instead of an API key: public keys whose holder signs assertions (RFC 7523). */
export interface NewKeyCredential extends NewCredential {
  jwks: PublicJwks<JsonWebKey>;
}

/** What receivers authenticate with, any number for each. */
@Injectable()
export class CredentialsService {
  private readonly now: () => number;
  private readonly cache: KeyCache<CredentialId, KnownCredential>;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(IdGenerator) private readonly ids: IdGenerator,
    @Inject(LastUsed) private readonly lastUsed: LastUsed,
    @Inject(ReceiverChanges) changes: ReceiverChanges,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
    this.cache = new KeyCache((id) => readCredential(this.dataSource.manager, id), this.now);
    changes.subscribe((receiver) =>
      this.cache.forgetWhere(({ authenticated }) => authenticated.receiver.id === receiver),
    );
  }

  /** The view carries the API key; it is shown this once. @throws NotFoundError for the receiver */
  create(receiverId: ReceiverId, given: NewCredential): Promise<CredentialViewWithKey> {
    return this.dataSource.transaction(async (manager) => {
      await findReceiver(manager, receiverId);
      return this.insertWithKey(manager, receiverId, given);
    });
  }

  /**
   * A credential without an API key, for a receiver that keeps its private key to itself.
   *
   * @throws NotFoundError for the receiver
   * @throws InvalidPublicKeyError
   */
  async createWithPublicKeys(receiverId: ReceiverId, { jwks, ...given }: NewKeyCredential): Promise<CredentialView> {
    const credential = this.entity(receiverId, this.ids.next('key'), given, { jwks: await parsePublicJwks(jwks) });
    await this.dataSource.transaction(async (manager) => {
      await findReceiver(manager, receiverId);
      await manager.insert(CredentialEntity, credential);
    });
    return credentialView(credential);
  }

  /** In the order of creation, expired ones included. `after` is an id. @throws NotFoundError for the receiver */
  async list(receiverId: ReceiverId, { after = '', limit }: ListRequest): Promise<Listing<CredentialView>> {
    const { manager } = this.dataSource;
    await findReceiver(manager, receiverId);
    const credentials = await manager.find(CredentialEntity, {
      where: { receiverId, id: MoreThan(after as CredentialId) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    return listing(credentials, limit, ({ id }) => id, credentialView);
  }

  /** @throws NotFoundError */
  async get(id: CredentialId, receiverId: ReceiverId): Promise<CredentialView> {
    return credentialView(await findCredential(this.dataSource.manager, id, receiverId));
  }

  /**
   * A new credential that may do the same, with a key of its own; the former one expires when `overlapMs` have passed, unless it
   * does before.
   *
   * @throws NotFoundError
   * @throws StateConflictError if it has public keys instead of an API key
   */
  async rotate(
    id: CredentialId,
    receiverId: ReceiverId,
    { overlapMs, expiresAt = null }: { overlapMs: number; expiresAt?: number | null | undefined },
  ): Promise<CredentialViewWithKey> {
    const made = await this.dataSource.transaction(async (manager) => {
      const former = await findCredential(manager, id, receiverId);
      if (former.jwks) {
        throw new StateConflictError(
          'This credential has no API key; create another one with the new public key, then revoke this one',
        );
      }
      const end = this.now() + overlapMs;
      await manager.update(CredentialEntity, { id }, { expiresAt: Math.min(former.expiresAt ?? end, end) });
      const { name, scopes, types } = former;
      return this.insertWithKey(manager, receiverId, { name, scopes, types, expiresAt });
    });
    this.cache.forget(id);
    return made;
  }

  /** From the moment this resolves its key opens nothing here, and on other nodes within a second. @throws NotFoundError */
  async revoke(id: CredentialId, receiverId?: ReceiverId): Promise<void> {
    const where = receiverId === undefined ? { id } : { id, receiverId };
    const { affected } = await this.dataSource.manager.delete(CredentialEntity, where);
    this.cache.forget(id);
    if (affected === 0) throw new NotFoundError('credential', id);
  }

  /** What is known of a credential, no older than a second; at once if it was read within that. */
  known(id: CredentialId): KnownCredential | undefined | Promise<KnownCredential | undefined> {
    return this.cache.get(id);
  }

  /**
   * Who presents this `Authorization` header: `Bearer <API key>` or `Basic <credential id>:<API key>`. Answers at once, without a
   * promise, for a credential that was read within the last second. Never rejects for a bad header.
   */
  authenticate(header: string | undefined): Authenticated | AuthFailure | Promise<Authenticated | AuthFailure> {
    const presented = presentedKey(header, 'sp');
    return typeof presented === 'string' ? authFailure(presented) : this.authenticateKey(presented);
  }

  /** As `authenticate`, for a key that came in another way. */
  authenticateKey(presented: PresentedKey): Authenticated | AuthFailure | Promise<Authenticated | AuthFailure> {
    const known = this.cache.get(presented.id);
    if (known instanceof Promise) return known.then((read) => this.check(presented, read));
    return this.check(presented, known);
  }

  private check({ id, text }: PresentedKey, known: KnownCredential | undefined): Authenticated | AuthFailure {
    // With an unknown id too, so that the time taken does not tell which ids exist.
    const right = matchesHash(text, known?.hash ?? NO_KEY_HASH);
    if (!known) return authFailure('unknown', id);
    const { authenticated, expiresAt } = known;
    if (!right) return authFailure('wrong', id, authenticated.receiver.id);
    const now = this.now();
    if (expiresAt !== null && expiresAt <= now) return authFailure('expired', id, authenticated.receiver.id);
    this.lastUsed.touch('credential', id, now);
    return authenticated;
  }

  private async insertWithKey(
    manager: EntityManager,
    receiverId: ReceiverId,
    given: NewCredential,
  ): Promise<CredentialViewWithKey> {
    const id = this.ids.next('key');
    const { text, hash } = generateApiKey('sp', id);
    const credential = this.entity(receiverId, id, given, { secretHash: hash });
    await manager.insert(CredentialEntity, credential);
    return { ...credentialView(credential), apiKey: text };
  }

  private entity(
    receiverId: ReceiverId,
    id: CredentialId,
    { name, scopes = DEFAULT_SCOPES, types = ['*'], expiresAt = null }: NewCredential,
    { secretHash = '', jwks = null }: Partial<Pick<CredentialEntity, 'secretHash' | 'jwks'>>,
  ): CredentialEntity {
    const mayDo = { name, scopes: [...scopes], types: [...types] };
    return { id, receiverId, ...mayDo, secretHash, jwks, expiresAt, lastUsedAt: null, createdAt: this.now() };
  }
}

async function findCredential(manager: EntityManager, id: CredentialId, receiverId: ReceiverId) {
  const credential = await manager.findOneBy(CredentialEntity, { id, receiverId });
  if (!credential) throw new NotFoundError('credential', id);
  return credential;
}
