import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { DataSource, Repository } from 'typeorm';
import { Sleeper } from '../../loop/sleeper.js';
import type { SignpostClient } from '../client/signpost-client.js';
import { SignpostClientError } from '../client/errors.js';
import type { RegistrationOptions } from '../receiver-options.js';
import { EndpointRegistrationEntity } from './endpoint-registration.entity.js';
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
  private stopping = false;

  constructor(
    private readonly client: Pick<SignpostClient, 'endpoints'>,
    private readonly dataSource: DataSource,
    private readonly seal: SecretSeal,
    private readonly producer: string,
    private readonly wanted: Required<Pick<RegistrationOptions, 'url' | 'eventTypes'>>,
    private readonly now: () => number,
  ) {}

  /** @param opened called with the endpoint's secret as soon as there is one */
  start(opened: (secret: string) => void): void {
    this.stopping = false;
    this.running ??= this.run(opened);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.sleeper.wake();
    await this.running;
    this.running = undefined;
  }

  /** One attempt: the secret; undefined: another node is at it. */
  async runOnce(): Promise<string | undefined> {
    const row = await this.rows.findOneBy({ producer: this.producer });
    const known =
      row?.endpointId && row.sealedSecret ? this.seal.open(row.sealedSecret, this.bound(row.endpointId)) : '';
    if (row?.endpointId && known) {
      if (row.settings !== this.settings) {
        await this.client.endpoints.update(row.endpointId, { ...this.wanted, eventTypes: [...this.wanted.eventTypes] });
        await this.rows.update({ producer: this.producer }, { settings: this.settings });
        this.logger.log(`The endpoint of ${this.producer} was changed to ${this.wanted.eventTypes.join(', ')}`);
      }
      return known;
    }
    if (!(await this.claim(row))) return undefined;
    return this.make();
  }

  private async run(opened: (secret: string) => void): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        const secret = await this.runOnce();
        if (secret !== undefined) return opened(secret);
        await this.sleeper.sleep(WAIT_FOR_OTHER_MS);
      } catch (error) {
        const hint = hintFor(error);
        if (hint !== undefined) return this.logger.error(`The endpoint of ${this.producer} is not registered: ${hint}`);
        failures += 1;
        this.logger.warn(`The endpoint of ${this.producer} cannot be registered yet: ${String(error)}`);
        await this.sleeper.sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
      }
    }
  }

  /** Creation is not repeatable, so one node makes it: who inserts the row, or takes it from one that has died. */
  private async claim(row: EndpointRegistrationEntity | null): Promise<boolean> {
    const claim = { claimedBy: this.id, claimedAt: this.now() };
    const { producer } = this;
    if (!row) {
      const fresh = { producer, endpointId: null, settings: this.settings, sealedSecret: null, ...claim };
      await this.rows.createQueryBuilder().insert().values(fresh).orIgnore().execute();
    } else if (row.claimedBy !== this.id) {
      if (row.endpointId === null && claim.claimedAt - row.claimedAt < CLAIM_MS) return false;
      await this.rows.update({ producer, claimedBy: row.claimedBy }, claim);
    }
    // Of several that tried at once, one finds itself.
    return this.rows.existsBy({ producer, claimedBy: this.id });
  }

  private async make(): Promise<string> {
    const { endpoints } = this.client;
    const description = `Signpost receiver ${this.producer}`;
    const existing = (await endpoints.list()).find((endpoint) => endpoint.description === description);
    const wanted = { ...this.wanted, eventTypes: [...this.wanted.eventTypes] };
    const { id, secret } = existing
      ? await endpoints.rotateSecret(existing.id)
      : await endpoints.create({ ...wanted, description });
    if (existing) await endpoints.update(id, wanted);
    const sealedSecret = this.seal.seal(secret, this.bound(id));
    await this.rows.update({ producer: this.producer }, { endpointId: id, settings: this.settings, sealedSecret });
    this.logger.log(`The endpoint of ${this.producer} is registered for ${this.wanted.eventTypes.join(', ')}`);
    return secret;
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
  if (!(error instanceof SignpostClientError)) return undefined;
  switch (error.status) {
    case 403:
      return 'its credential lacks the scope endpoints:write. Give it that, or configure signing.secret';
    case 404:
      return 'this producer has no self-service API. Have the endpoint made by its operator, and configure signing.secret';
    case 400:
    case 401:
      return error.message;
    default:
      return undefined;
  }
}
