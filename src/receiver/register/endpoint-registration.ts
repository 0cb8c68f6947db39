import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type DataSource, IsNull, type Repository } from 'typeorm';
import { Sleeper } from '../../loop/sleeper.js';
import type { EndpointView, NewEndpointView } from '../client/endpoints-api.js';
import { NotFoundError, SignpostClientError } from '../client/errors.js';
import type { SignpostClient } from '../client/signpost-client.js';
import type { RegistrationOptions } from '../receiver-options.js';
import { EndpointRegistrationEntity } from './endpoint-registration.entity.js';
import { NoSelfServiceError } from './no-self-service-error.js';
import type { SecretSeal } from './secret-seal.js';

/** Longer than a registration takes: after that, whoever began it is dead. */
const CLAIM_MS = 60_000;
const WAIT_FOR_OTHER_MS = 500;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Makes the endpoint of this receiver through the producer's self-service API, once for all nodes and starts, and keeps its secret. It runs
 * beside the application: a producer that is away holds nothing up, the feed is read meanwhile.
 */
export class EndpointRegistration {
  private readonly logger = new Logger('SignpostReceiver');
  private readonly sleeper = new Sleeper();
  /** Tells this process and start from all others. */
  private readonly id = randomUUID();
  private running: Promise<void> | undefined;
  private ending = new AbortController();
  /** The secret that was told last. */
  private told: string | undefined;

  constructor(
    private readonly client: Pick<SignpostClient, 'endpoints'>,
    private readonly dataSource: DataSource,
    private readonly seal: SecretSeal,
    private readonly producer: string,
    private readonly wanted: Required<Pick<RegistrationOptions, 'url' | 'eventTypes'>>,
    private readonly now: () => number,
  ) {}

  /** @param opened called with the endpoint's secret as soon as there is one, and again should there be another */
  start(opened: (secret: string) => void): void {
    if (this.running) return;
    this.ending = new AbortController();
    this.told = undefined;
    this.running = this.run((secret) => {
      if (secret !== this.told) opened(secret);
      this.told = secret;
    });
  }

  /** Breaks off the call that is under way: an endpoint that it made is found at the next start. */
  async stop(): Promise<void> {
    this.ending.abort();
    this.sleeper.wake();
    await this.running;
    this.running = undefined;
  }

  /** One attempt. False: another node is at it. */
  async runOnce(opened: (secret: string) => void): Promise<boolean> {
    const row = await this.rows.findOneBy({ producer: this.producer });
    const known =
      row?.endpointId && row.sealedSecret ? this.seal.open(row.sealedSecret, this.bound(row.endpointId)) : '';
    if (row?.endpointId && known) {
      // Before anything is asked: the producer may be away for now.
      opened(known);
      if (await this.isThere(row.endpointId, row.settings)) return true;
    }
    if (!(await this.claim(row))) return false;
    const made = await this.make();
    if (made === undefined) return false;
    opened(made.secret);
    await this.askAgain(made);
    return true;
  }

  private async run(opened: (secret: string) => void): Promise<void> {
    const { signal } = this.ending;
    for (let failures = 0; !signal.aborted;) {
      try {
        if (await this.runOnce(opened)) return;
        await this.sleeper.sleep(WAIT_FOR_OTHER_MS);
      } catch (error) {
        if (signal.aborted) return this.release();
        const hint = hintFor(error);
        if (hint !== undefined) return this.logger.error(`The endpoint of ${this.producer} is not registered: ${hint}`);
        failures += 1;
        this.logger.warn(`The endpoint of ${this.producer} cannot be registered yet: ${String(error)}`);
        await this.sleeper.sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
      }
    }
  }

  /** Brings the endpoint up to date. False: somebody has deleted it at the producer. */
  private async isThere(id: string, settings: string): Promise<boolean> {
    const { signal } = this.ending;
    try {
      if (settings === this.settings) {
        await this.askAgain(await this.client.endpoints.get(id, { signal }));
      } else {
        await this.client.endpoints.update(id, this.asked, { signal });
        await this.rows.update({ producer: this.producer, endpointId: id }, { settings: this.settings });
        this.logger.log(`The endpoint of ${this.producer} was changed to ${this.wanted.eventTypes.join(', ')}`);
      }
      return true;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      await this.list();
      this.logger.warn(`The endpoint ${id} of ${this.producer} was deleted at the producer; it is made anew`);
      return false;
    }
  }

  /**
   * The first challenge came before the secret was known here, or while nobody listened. The producer asks again by itself as well, but later,
   * and not for ever: so nothing is lost when this fails.
   */
  private async askAgain({ id, state, reason }: EndpointView): Promise<void> {
    if (state !== 'pending' && reason !== 'unverified') return;
    const { signal } = this.ending;
    await this.client.endpoints.verify(id, { signal }).catch(() => undefined);
  }

  /** @throws NoSelfServiceError */
  private async list(): Promise<EndpointView[]> {
    try {
      return await this.client.endpoints.list({ signal: this.ending.signal });
    } catch (cause) {
      throw cause instanceof NotFoundError ? new NoSelfServiceError({ cause }) : cause;
    }
  }

  /** Creation is not repeatable, so one node makes it: who inserts the row, or takes it from one that has died. */
  private async claim(row: EndpointRegistrationEntity | null): Promise<boolean> {
    const { producer } = this;
    // Without endpoint and secret, so that whoever comes next sees that it is being made.
    const claim = { claimedBy: this.id, claimedAt: this.now(), endpointId: null, sealedSecret: null };
    if (!row) {
      const fresh = { producer, settings: this.settings, ...claim };
      await this.rows.createQueryBuilder().insert().values(fresh).orIgnore().execute();
    } else {
      const { claimedBy, claimedAt, endpointId } = row;
      if (claimedBy !== this.id && endpointId === null && claim.claimedAt - claimedAt < CLAIM_MS) return false;
      await this.rows.update({ producer, claimedBy, endpointId: endpointId ?? IsNull() }, claim);
    }
    // Of several that tried at once, one finds itself.
    return this.rows.existsBy({ producer, claimedBy: this.id });
  }

  /** Broken off: whoever starts next need not wait until this one counts as dead. */
  private async release(): Promise<void> {
    const own = { producer: this.producer, claimedBy: this.id, endpointId: IsNull() };
    await this.rows.update(own, { claimedAt: 0 }).catch(() => undefined);
  }

  /** undefined: it took so long that another node has begun to make it. */
  private async make(): Promise<NewEndpointView | undefined> {
    const { endpoints } = this.client;
    const { signal } = this.ending;
    const description = `Signpost receiver ${this.producer}`;
    const existing = (await this.list()).find((endpoint) => endpoint.description === description);
    const made = existing
      ? await endpoints.rotateSecret(existing.id, { signal })
      : await endpoints.create({ ...this.asked, description }, { signal });
    const { id, secret } = made;
    if (existing) await endpoints.update(id, this.asked, { signal });
    const own = { producer: this.producer, claimedBy: this.id };
    const sealedSecret = this.seal.seal(secret, this.bound(id));
    await this.rows.update(own, { endpointId: id, settings: this.settings, sealedSecret });
    if (!(await this.rows.existsBy(own))) return undefined;
    this.logger.log(`The endpoint of ${this.producer} is registered for ${this.wanted.eventTypes.join(', ')}`);
    return made;
  }

  private get asked(): { url: string; eventTypes: string[] } {
    return { url: this.wanted.url, eventTypes: [...this.wanted.eventTypes] };
  }

  private get rows(): Repository<EndpointRegistrationEntity> {
    return this.dataSource.getRepository(EndpointRegistrationEntity);
  }

  private get settings(): string {
    return JSON.stringify([this.wanted.url, this.wanted.eventTypes]);
  }

  private bound(endpointId: string): string {
    return `${this.producer}\n${endpointId}`;
  }
}

/** What no repetition mends; undefined: it may. */
function hintFor(error: unknown): string | undefined {
  if (error instanceof NoSelfServiceError) {
    return 'this producer has no self-service API. Have the endpoint made by its operator, and configure signing.secret';
  }
  if (!(error instanceof SignpostClientError)) return undefined;
  switch (error.status) {
    case 403:
      return 'its credential lacks the scope endpoints:write. Give it that, or configure signing.secret';
    case 400:
    case 401:
      return error.message;
    default:
      return undefined;
  }
}
