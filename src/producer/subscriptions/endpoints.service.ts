import { Inject, Injectable, Logger } from '@nestjs/common';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { hasEd25519 } from '../../protocol/signature-schemes.js';
import { IdGenerator, type EndpointId, type ReceiverId } from '../../protocol/ids.js';
import type { ProducerDatabase } from '../producer-database.js';
import {
  PRODUCER_DATABASE,
  SIGNPOST_DATA_SOURCE,
  SIGNPOST_OPTIONS,
  type SignpostOptions,
} from '../signpost-options.js';
import type { AttemptView } from './attempt-log.js';
import type { EndpointChange, NewEndpoint } from './endpoint-change.js';
import { EndpointFilterEntity } from './endpoint-filter.entity.js';
import {
  beginEndpointChange,
  forgetConfirmation,
  insertPosition,
  parkPosition,
  reconsiderPosition,
  resumePosition,
  retryPosition,
  startingPlace,
} from './endpoint-positions.js';
import { requireAuth, requireAuthAnew, sealedAuth } from './endpoint-auth-seal.js';
import { applyOwnership, askForProof, needsProof } from './endpoint-ownership.js';
import { findEndpoint, insertFilters, refuseBeyond } from './endpoint-rows.js';
import { DEFAULT_OVERLAP_MS, insertSecret, newSecret, rotateSecrets, type Rotation } from './endpoint-secrets.js';
import { DEFAULT_MAX_EVENTS_PER_SIGNAL, DEFAULT_VERIFY_WITHIN_MS, type ConfirmMode } from './endpoint-settings.js';
import { hasUrl, sealedUrl } from './endpoint-url-seal.js';
import { endpointView, type EndpointView, type EndpointViewWithSecret } from './endpoint-view.js';
import { EndpointEntity } from './endpoint.entity.js';
import { listing, type Listing, type ListRequest } from './listing.js';
import {
  DISPATCH_WAKE,
  SIGNAL_KEYS,
  TARGET_ADMISSION,
  type DispatchWake,
  type SignalKeys,
  type TargetAdmission,
} from './ports.js';
import { ReceiverChanges } from './receiver-changes.js';
import { findReceiver } from './receivers.service.js';
import { Sealer } from './sealing.js';

/** The URLs to which signals go. */
@Injectable()
export class EndpointsService {
  private readonly logger = new Logger('Signpost');
  private readonly now: () => number;
  private readonly confirm: ConfirmMode;
  private readonly verifyWithinMs: number;

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(PRODUCER_DATABASE) private readonly database: Pick<ProducerDatabase, 'attempts' | 'partitionOf'>,
    @Inject(IdGenerator) private readonly ids: IdGenerator,
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(TARGET_ADMISSION) private readonly admission: TargetAdmission,
    @Inject(DISPATCH_WAKE) private readonly wake: DispatchWake,
    @Inject(ReceiverChanges) private readonly changes: ReceiverChanges,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now' | 'confirm' | 'endpoints'>,
    @Inject(SIGNAL_KEYS) private readonly signalKeys: Pick<SignalKeys, 'publicKeys'>,
  ) {
    this.now = options.now ?? Date.now;
    this.confirm = options.confirm ?? 'fetch';
    this.verifyWithinMs = options.endpoints?.verifyWithinMs ?? DEFAULT_VERIFY_WITHIN_MS;
  }

  /**
   * The view carries the signing secret; it is shown this once.
   *
   * @throws NotFoundError for the receiver; StateConflictError where it has as many as it may; InvalidAuthError; what the target guard
   *   refuses the URL with
   */
  async create(receiverId: ReceiverId, given: NewEndpoint): Promise<EndpointViewWithSecret> {
    requireAuth(given.auth);
    const target = await this.admitted(given.url);
    const secret = newSecret();
    const id = this.ids.next('ep');
    // Before the transaction: a tenant's partition is decided in one of its own.
    const { tenant } = await findReceiver(this.dataSource.manager, receiverId);
    const partition = await this.database.partitionOf(tenant);
    const endpoint = await this.dataSource.transaction(async (manager) => {
      if (given.limit !== undefined) await refuseBeyond(given.limit, manager, receiverId);
      await findReceiver(manager, receiverId);
      const now = this.now();
      const place = await startingPlace(manager, given.start ?? 'now', partition);
      const created: EndpointEntity = {
        id,
        receiverId,
        tenant,
        partition,
        ...sealedUrl(this.sealer, { id }, target),
        ...sealedAuth(this.sealer, id, given.auth ?? null),
        urlVersion: 1,
        description: given.description ?? null,
        eventTypes: [...given.eventTypes],
        maxEventsPerSignal: given.maxEventsPerSignal ?? DEFAULT_MAX_EVENTS_PER_SIGNAL,
        minIntervalMs: given.minIntervalMs ?? 0,
        confirm: given.confirm ?? this.confirm,
        signature: given.signature ?? 'standard',
        state: given.verify ? 'pending' : 'active',
        reason: null,
        startPosition: place.first,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      await manager.insert(EndpointEntity, created);
      await insertFilters(manager, created);
      await insertSecret(manager, this.sealer, id, secret, now);
      await insertPosition(manager, created, place, given.verify ? now + this.verifyWithinMs : null, now);
      return created;
    });
    this.announce(endpoint);
    return { ...this.warned(await this.view(endpoint)), secret };
  }

  /** In the order of creation. `after` is an id. @throws NotFoundError for the receiver */
  async list(receiverId: ReceiverId, { after = '', limit }: ListRequest): Promise<Listing<EndpointView>> {
    const { manager } = this.dataSource;
    await findReceiver(manager, receiverId);
    const endpoints = await manager.find(EndpointEntity, {
      where: { receiverId, id: MoreThan(after as EndpointId) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    const publicKeys = await this.publicKeysFor(endpoints);
    return listing(
      endpoints,
      limit,
      (endpoint) => endpoint.id,
      (endpoint) => endpointView(endpoint, publicKeys),
    );
  }

  /** @throws NotFoundError */
  async get(id: EndpointId, owner?: ReceiverId): Promise<EndpointView> {
    return this.view(await findEndpoint(this.dataSource.manager, id, owner));
  }

  /** @throws NotFoundError; InvalidAuthError; what the target guard refuses the URL with */
  async update(id: EndpointId, change: EndpointChange, owner?: ReceiverId): Promise<EndpointView> {
    requireAuth(change.auth);
    const target = change.url === undefined ? undefined : await this.admitted(change.url);
    const view = await this.change(id, owner, async (manager, endpoint, now) => {
      if (owner !== undefined && target !== undefined && change.auth === undefined) {
        requireAuthAnew(this.sealer, endpoint, target);
      }
      const isNew = target !== undefined && !hasUrl(this.sealer, endpoint, target);
      if (isNew) {
        Object.assign(endpoint, sealedUrl(this.sealer, endpoint, target), { urlVersion: endpoint.version + 1 });
      }
      const verifyBy = now + this.verifyWithinMs;
      await applyOwnership(manager, endpoint, { isNew, verify: change.verify, verifyBy }, now);
      if (change.auth !== undefined) Object.assign(endpoint, sealedAuth(this.sealer, id, change.auth));
      if (target !== undefined || change.auth !== undefined) await retryPosition(manager, id, now);
      if (change.eventTypes) {
        endpoint.eventTypes = [...change.eventTypes];
        await manager.delete(EndpointFilterEntity, { endpointId: id });
        await insertFilters(manager, endpoint);
        await reconsiderPosition(manager, id, now);
      }
      endpoint.description = change.description === undefined ? endpoint.description : change.description;
      endpoint.maxEventsPerSignal = change.maxEventsPerSignal ?? endpoint.maxEventsPerSignal;
      endpoint.minIntervalMs = change.minIntervalMs ?? endpoint.minIntervalMs;
      endpoint.confirm = change.confirm ?? endpoint.confirm;
      endpoint.signature = change.signature ?? endpoint.signature;
      if (change.confirm === 'signal') await forgetConfirmation(manager, id, now);
    });
    return change.signature !== undefined || change.auth ? this.warned(view) : view;
  }

  /** With its attempt log. Events keep their place in the log; the receiver can still read them. @throws NotFoundError */
  async remove(id: EndpointId, owner?: ReceiverId): Promise<void> {
    const endpoint = await findEndpoint(this.dataSource.manager, id, owner);
    await this.database.attempts.remove(id);
    await this.dataSource.manager.delete(EndpointEntity, { id });
    this.announce(endpoint);
  }

  /** No signal until it is resumed; one in flight may still arrive. Does nothing to one that is not signalled anyway. @throws NotFoundError */
  pause(id: EndpointId): Promise<EndpointView> {
    return this.change(id, undefined, async (manager, endpoint) => {
      if (endpoint.state !== 'active' && endpoint.state !== 'pending') return false;
      Object.assign(endpoint, { state: 'paused', reason: 'paused' });
      await parkPosition(manager, id);
      return true;
    });
  }

  /**
   * Signals go on where they stopped, with everything since; where the URL must be proved, after that. Does nothing to one that is active.
   *
   * @throws NotFoundError
   */
  resume(id: EndpointId): Promise<EndpointView> {
    return this.change(id, undefined, async (manager, endpoint, now) => {
      if (endpoint.state !== 'paused' && endpoint.state !== 'disabled') return false;
      if (await needsProof(manager, id)) {
        await askForProof(manager, endpoint, now + this.verifyWithinMs, now);
        return true;
      }
      // Its receiver was told that it would hear nothing more.
      const notice = endpoint.state === 'disabled' ? 'endpoint.enabled' : null;
      Object.assign(endpoint, { state: 'active', reason: null });
      await resumePosition(manager, id, notice, now);
      return true;
    });
  }

  /**
   * Asks for the proof of the URL once more, now, and gives it its whole time again; also of an endpoint that was disabled, for whatever reason:
   * one that answers is there again. Does nothing to one that is active or paused.
   *
   * @throws NotFoundError
   */
  verify(id: EndpointId, owner?: ReceiverId): Promise<EndpointView> {
    return this.change(id, owner, async (manager, endpoint, now) => {
      if (endpoint.state !== 'pending' && endpoint.state !== 'disabled') return false;
      await askForProof(manager, endpoint, now + this.verifyWithinMs, now);
      return true;
    });
  }

  /**
   * Signs with a new secret beside the former ones, which run out after `overlapMs`. The new one is shown this once.
   *
   * @throws NotFoundError, InvalidSecretError, StateConflictError when three are live already
   */
  async rotateSecret(
    id: EndpointId,
    { overlapMs = DEFAULT_OVERLAP_MS, secret: given }: Rotation = {},
    owner?: ReceiverId,
  ): Promise<EndpointViewWithSecret> {
    const secret = newSecret(given);
    const view = await this.change(id, owner, (manager, _endpoint, now) =>
      rotateSecrets(manager, this.sealer, id, secret, overlapMs, now),
    );
    return { ...view, secret };
  }

  /** The attempt log, newest first. `after` is a `cursor` of the same list. @throws NotFoundError */
  async listAttempts(id: EndpointId, request: ListRequest, owner?: ReceiverId): Promise<Listing<AttemptView>> {
    await findEndpoint(this.dataSource.manager, id, owner);
    return this.database.attempts.list(id, request);
  }

  /** Runs `work` in a transaction and stores what it did to the endpoint under the next version; `false`: it did nothing. */
  private async change(
    id: EndpointId,
    owner: ReceiverId | undefined,
    work: (manager: EntityManager, endpoint: EndpointEntity, now: number) => Promise<boolean | void>,
  ): Promise<EndpointView> {
    const endpoint = await this.dataSource.transaction(async (manager) => {
      await beginEndpointChange(manager, id);
      const found = await findEndpoint(manager, id, owner);
      const now = this.now();
      if ((await work(manager, found, now)) === false) return found;
      const changed: EndpointEntity = { ...found, version: found.version + 1, updatedAt: now };
      await manager.update(EndpointEntity, { id }, changed);
      return changed;
    });
    this.announce(endpoint);
    return this.view(endpoint);
  }

  private async view(endpoint: EndpointEntity): Promise<EndpointView> {
    return endpointView(endpoint, await this.publicKeysFor([endpoint]));
  }

  private async publicKeysFor(endpoints: readonly EndpointEntity[]): Promise<string[]> {
    return endpoints.some(({ signature }) => hasEd25519(signature)) ? this.signalKeys.publicKeys() : [];
  }

  private warned(view: EndpointView): EndpointView {
    for (const warning of view.warnings) this.logger.warn(`Endpoint ${view.id}: ${warning}`);
    return view;
  }

  private announce({ receiverId }: EndpointEntity): void {
    this.changes.changed(receiverId);
    this.wake();
  }

  private async admitted(url: string): Promise<string> {
    return (await this.admission.admit(url)).url;
  }
}
