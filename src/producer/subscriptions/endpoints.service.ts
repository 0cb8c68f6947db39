import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { IdGenerator, type EndpointId, type ReceiverId } from '../../protocol/ids.js';
import type { ProducerDatabase } from '../producer-database.js';
import {
  PRODUCER_DATABASE,
  SIGNPOST_DATA_SOURCE,
  SIGNPOST_OPTIONS,
  type SignpostOptions,
} from '../signpost-options.js';
import type { AttemptView } from './attempt-log.js';
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
  type EndpointStart,
} from './endpoint-positions.js';
import { applyOwnership, askForProof, needsProof, type OwnershipDemand } from './endpoint-ownership.js';
import { findEndpoint, insertFilters, refuseBeyond } from './endpoint-rows.js';
import { DEFAULT_OVERLAP_MS, insertSecret, newSecret, rotateSecrets, type Rotation } from './endpoint-secrets.js';
import {
  DEFAULT_MAX_EVENTS_PER_SIGNAL,
  DEFAULT_VERIFY_WITHIN_MS,
  type ConfirmMode,
  type SignatureScheme,
} from './endpoint-settings.js';
import { endpointView, type EndpointView, type EndpointViewWithSecret } from './endpoint-view.js';
import { EndpointEntity } from './endpoint.entity.js';
import { listing, type Listing, type ListRequest } from './listing.js';
import { DISPATCH_WAKE, TARGET_ADMISSION, type DispatchWake, type TargetAdmission } from './ports.js';
import { ReceiverChanges } from './receiver-changes.js';
import { findReceiver } from './receivers.service.js';
import { Sealer, sealContext } from './sealing.js';
import { maskUrl } from './url-masking.js';

/** What can be changed of an endpoint. The edge has checked the ranges. */
export interface EndpointChange {
  url?: string | undefined;
  /** Patterns of what is signalled. */
  eventTypes?: readonly string[] | undefined;
  description?: string | null | undefined;
  /** 1 to 250. Default 100. */
  maxEventsPerSignal?: number | undefined;
  /** Shortest time between two signals, in ms. Default 0. */
  minIntervalMs?: number | undefined;
  /** Default: the setting of the installation. */
  confirm?: ConfirmMode | undefined;
  /** Default `standard`. */
  signature?: SignatureScheme | undefined;
  /** Default: a URL that comes needs no proof, one that is there stays as it is. */
  verify?: OwnershipDemand | undefined;
}

export interface NewEndpoint extends EndpointChange {
  url: string;
  eventTypes: readonly string[];
  /** Default `now`. */
  start?: EndpointStart | undefined;
  /** Refused if the receiver has so many already. Default: any number. */
  limit?: number | undefined;
}

/** The URLs to which signals go. */
@Injectable()
export class EndpointsService {
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
  ) {
    this.now = options.now ?? Date.now;
    this.confirm = options.confirm ?? 'fetch';
    this.verifyWithinMs = options.endpoints?.verifyWithinMs ?? DEFAULT_VERIFY_WITHIN_MS;
  }

  /**
   * The view carries the signing secret; it is shown this once.
   *
   * @throws NotFoundError for the receiver; StateConflictError where it has as many as it may; what the target guard refuses the URL with
   */
  async create(receiverId: ReceiverId, given: NewEndpoint): Promise<EndpointViewWithSecret> {
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
        ...this.sealed(id, target),
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
    return { ...endpointView(endpoint), secret };
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
    return listing(endpoints, limit, (endpoint) => endpoint.id, endpointView);
  }

  /** @throws NotFoundError */
  async get(id: EndpointId, owner?: ReceiverId): Promise<EndpointView> {
    return endpointView(await findEndpoint(this.dataSource.manager, id, owner));
  }

  /** @throws NotFoundError; what the target guard refuses the URL with */
  async update(id: EndpointId, change: EndpointChange, owner?: ReceiverId): Promise<EndpointView> {
    const target = change.url === undefined ? undefined : await this.admitted(change.url);
    return this.change(id, owner, async (manager, endpoint, now) => {
      const isNew = target !== undefined && !this.isAt(endpoint, target);
      if (isNew) Object.assign(endpoint, this.sealed(id, target), { urlVersion: endpoint.version + 1 });
      const verifyBy = now + this.verifyWithinMs;
      await applyOwnership(manager, endpoint, { isNew, verify: change.verify, verifyBy }, now);
      if (target !== undefined) await retryPosition(manager, id, now);
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
    return endpointView(endpoint);
  }

  private isAt({ id, urlSealed }: EndpointEntity, url: string): boolean {
    try {
      return this.sealer.open(urlSealed, sealContext(id, 'url')) === url;
    } catch {
      // What it was cannot be read any more: this one mends it.
      return false;
    }
  }

  private announce({ receiverId }: EndpointEntity): void {
    this.changes.changed(receiverId);
    this.wake();
  }

  private async admitted(url: string): Promise<string> {
    return (await this.admission.admit(url)).url;
  }

  private sealed(id: EndpointId, url: string): Pick<EndpointEntity, 'urlSealed' | 'urlShown'> {
    return { urlSealed: this.sealer.seal(url, sealContext(id, 'url')), urlShown: maskUrl(url) };
  }
}
