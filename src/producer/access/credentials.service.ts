import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, type DataSource } from 'typeorm';
import { IdGenerator, type CredentialId, type ReceiverId } from '../../protocol/ids.js';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { NotFoundError } from '../subscriptions/errors.js';
import { isoTime, isoTimeOrNull, listing, type Listing, type ListRequest } from '../subscriptions/listing.js';
import { ReceiverChanges } from '../subscriptions/receiver-changes.js';
import { ReceiverEntity } from '../subscriptions/receiver.entity.js';
import { findReceiver } from '../subscriptions/receivers.service.js';
import { generateApiKey, matchesHash, NO_KEY_HASH } from './api-key.js';
import type { Authenticated, AuthFailure } from './authenticated.js';
import { presentedKey, type AuthFailureReason, type PresentedKey } from './authorization-header.js';
import { CredentialEntity } from './credential.entity.js';
import { KeyCache } from './key-cache.js';
import { LastUsed } from './last-used.js';
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

/** Times are ISO 8601. */
export interface CredentialView {
  id: CredentialId;
  receiver: ReceiverId;
  name: string;
  scopes: CredentialScope[];
  types: string[];
  expiresAt: string | null;
  /** Exact to about a minute. */
  lastUsedAt: string | null;
  createdAt: string;
}

/** The API key, on creation only. */
export type CredentialViewWithKey = CredentialView & { apiKey: string };

/** What a request is checked against. */
interface KnownCredential {
  authenticated: Authenticated;
  hash: Buffer;
  expiresAt: number | null;
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
    this.cache = new KeyCache((id) => this.read(id), this.now);
    changes.subscribe((receiver) =>
      this.cache.forgetWhere(({ authenticated }) => authenticated.receiver.id === receiver),
    );
  }

  /** The view carries the API key; it is shown this once. @throws NotFoundError for the receiver */
  async create(receiverId: ReceiverId, given: NewCredential): Promise<CredentialViewWithKey> {
    const id = this.ids.next('key');
    const { text, hash } = generateApiKey('sp', id);
    const credential: CredentialEntity = {
      id,
      receiverId,
      name: given.name,
      secretHash: hash,
      scopes: [...(given.scopes ?? DEFAULT_SCOPES)],
      types: [...(given.types ?? ['*'])],
      expiresAt: given.expiresAt ?? null,
      lastUsedAt: null,
      createdAt: this.now(),
    };
    await this.dataSource.transaction(async (manager) => {
      await findReceiver(manager, receiverId);
      await manager.insert(CredentialEntity, credential);
    });
    return { ...view(credential), apiKey: text };
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
    return listing(credentials, limit, ({ id }) => id, view);
  }

  /** From the moment this resolves its key opens nothing here, and on other nodes within a second. @throws NotFoundError */
  async revoke(id: CredentialId, receiverId?: ReceiverId): Promise<void> {
    const where = receiverId === undefined ? { id } : { id, receiverId };
    const { affected } = await this.dataSource.manager.delete(CredentialEntity, where);
    this.cache.forget(id);
    if (affected === 0) throw new NotFoundError('credential', id);
  }

  /**
   * Who presents this `Authorization` header: `Bearer <API key>` or `Basic <credential id>:<API key>`. Answers at once, without a
   * promise, for a credential that was read within the last second. Never rejects for a bad header.
   */
  authenticate(header: string | undefined): Authenticated | AuthFailure | Promise<Authenticated | AuthFailure> {
    const presented = presentedKey(header, 'sp');
    if (typeof presented === 'string') return failure(presented);
    const known = this.cache.get(presented.id);
    if (known instanceof Promise) return known.then((read) => this.check(presented, read));
    return this.check(presented, known);
  }

  private check({ id, text }: PresentedKey, known: KnownCredential | undefined): Authenticated | AuthFailure {
    // With an unknown id too, so that the time taken does not tell which ids exist.
    const right = matchesHash(text, known?.hash ?? NO_KEY_HASH);
    if (!known) return failure('unknown', id);
    const { authenticated, expiresAt } = known;
    if (!right) return failure('wrong', id, authenticated.receiver.id);
    const now = this.now();
    if (expiresAt !== null && expiresAt <= now) return failure('expired', id, authenticated.receiver.id);
    this.lastUsed.touch('credential', id, now);
    return authenticated;
  }

  private async read(id: CredentialId): Promise<KnownCredential | undefined> {
    const { manager } = this.dataSource;
    const credential = await manager.findOneBy(CredentialEntity, { id });
    const receiver = credential && (await manager.findOneBy(ReceiverEntity, { id: credential.receiverId }));
    if (!credential || !receiver) return undefined;
    return {
      authenticated: {
        kind: 'api-key',
        receiver: { id: receiver.id, tenant: receiver.tenant, eventTypes: receiver.eventTypes },
        credential: { id, scopes: credential.scopes, types: credential.types },
      },
      hash: Buffer.from(credential.secretHash, 'hex'),
      expiresAt: credential.expiresAt,
    };
  }
}

function failure(
  reason: AuthFailureReason,
  credential: CredentialId | null = null,
  receiver: ReceiverId | null = null,
): AuthFailure {
  return { reason, credential, receiver };
}

function view(credential: CredentialEntity): CredentialView {
  const { id, receiverId, name, scopes, types, expiresAt, lastUsedAt, createdAt } = credential;
  return {
    id,
    receiver: receiverId,
    name,
    scopes,
    types,
    expiresAt: isoTimeOrNull(expiresAt),
    lastUsedAt: isoTimeOrNull(lastUsedAt),
    createdAt: isoTime(createdAt),
  };
}
