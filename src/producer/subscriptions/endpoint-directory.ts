import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { In, type DataSource } from 'typeorm';
import type { EndpointId } from '../../protocol/ids.js';
import { prepareSecret, type PreparedSecret } from '../../protocol/secrets.js';
import { SIGNPOST_DATA_SOURCE } from '../signpost-options.js';
import { EndpointSecretEntity } from './endpoint-secret.entity.js';
import { EndpointEntity } from './endpoint.entity.js';
import { Sealer, sealContext, UnsealError } from './sealing.js';

export interface TargetSecret {
  key: PreparedSecret;
  /** Unix ms; null: until the next rotation. */
  expiresAt: number | null;
}

/** Where to send and what to sign with, unsealed. */
export interface EndpointTarget {
  url: string;
  /** The endpoint's version that brought it. */
  urlVersion: number;
  secrets: readonly TargetSecret[];
}

/** Endpoints whose targets are remembered: about a kilobyte each. */
const REMEMBERED = 20_000;
/** Looked up in one query. */
const BATCH = 500;

interface Remembered {
  version: number;
  target: EndpointTarget;
}

/** The secrets that a signal sent now is signed with, newest first. */
export function liveSecrets({ secrets }: EndpointTarget, now: number): PreparedSecret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).map(({ key }) => key);
}

/** URLs and secrets for the dispatcher, unsealed once for each version of an endpoint. */
@Injectable()
export class EndpointDirectory implements OnModuleInit {
  private readonly logger = new Logger('Signpost');
  private readonly remembered = new Map<EndpointId, Remembered>();

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Stops the start under another master key than the database was filled under: every signal would fail, and after days of
   * that every endpoint would be disabled.
   *
   * @throws UnsealError
   */
  async onModuleInit(): Promise<void> {
    const [newest] = await this.dataSource.manager.find(EndpointSecretEntity, { order: { id: 'DESC' }, take: 1 });
    if (!newest) return;
    try {
      this.sealer.open(newest.sealed, sealContext(newest.endpointId, 'secret'));
    } catch (error) {
      // A damaged value is the matter of its endpoint alone.
      if (error instanceof UnsealError && error.reason === 'wrong-key') throw error;
    }
  }

  /**
   * The targets as they are at `version` or later. An endpoint that was deleted, or whose sealed values do not open, is not in
   * the answer: one that is damaged must not keep the others from being signalled.
   */
  async targets(
    endpoints: readonly { endpoint: EndpointId; version: number }[],
  ): Promise<Map<EndpointId, EndpointTarget>> {
    const targets = new Map<EndpointId, EndpointTarget>();
    const missing: EndpointId[] = [];
    for (const { endpoint, version } of endpoints) {
      const known = this.remembered.get(endpoint);
      if (known && known.version >= version) targets.set(endpoint, known.target);
      else missing.push(endpoint);
    }
    for (let at = 0; at < missing.length; at += BATCH) await this.load(missing.slice(at, at + BATCH), targets);
    return targets;
  }

  private async load(ids: EndpointId[], targets: Map<EndpointId, EndpointTarget>): Promise<void> {
    const { manager } = this.dataSource;
    const endpoints = await manager.find(EndpointEntity, {
      select: { id: true, version: true, urlSealed: true, urlVersion: true },
      where: { id: In(ids) },
    });
    // Secrets second: a rotation in between then shows under the version before it, and is read again under its own.
    const secrets = await manager.find(EndpointSecretEntity, { where: { endpointId: In(ids) }, order: { id: 'DESC' } });
    const byEndpoint = new Map<EndpointId, EndpointSecretEntity[]>(ids.map((id) => [id, []]));
    for (const secret of secrets) byEndpoint.get(secret.endpointId)?.push(secret);
    for (const endpoint of endpoints) {
      const { id, version } = endpoint;
      const target = this.unseal(endpoint, byEndpoint.get(id) ?? []);
      if (!target) continue;
      targets.set(id, target);
      this.remember(id, { version, target });
    }
  }

  private unseal(
    { id, urlSealed, urlVersion }: EndpointEntity,
    secrets: EndpointSecretEntity[],
  ): EndpointTarget | undefined {
    try {
      return {
        url: this.sealer.open(urlSealed, sealContext(id, 'url')),
        urlVersion,
        secrets: secrets.map(({ sealed, expiresAt }) => ({
          key: prepareSecret(this.sealer.open(sealed, sealContext(id, 'secret'))),
          expiresAt,
        })),
      };
    } catch (error) {
      this.logger.error(
        `Endpoint ${id} cannot be signalled: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }

  private remember(id: EndpointId, entry: Remembered): void {
    this.remembered.delete(id);
    this.remembered.set(id, entry);
    if (this.remembered.size <= REMEMBERED) return;
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined) this.remembered.delete(oldest);
  }
}
