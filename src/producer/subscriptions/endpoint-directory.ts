import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { In, type DataSource } from 'typeorm';
import type { EndpointId } from '../../protocol/ids.js';
import { prepareSecret } from '../../protocol/secrets.js';
import type { SignatureScheme } from '../../protocol/signature-schemes.js';
import { authHeader } from '../signal/endpoint-auth.js';
import type { SigningSecret } from '../signal/signing-secrets.js';
import { SIGNPOST_DATA_SOURCE } from '../signpost-options.js';
import { openAuth } from './endpoint-auth-seal.js';
import { EndpointSecretEntity } from './endpoint-secret.entity.js';
import { EndpointEntity } from './endpoint.entity.js';
import { SealedValues } from './sealed-values.js';
import { Sealer, sealContext, UnsealError } from './sealing.js';

/** Where to send, what to sign with and how, and what to authenticate with, unsealed. */
export interface EndpointTarget {
  url: string;
  /** The endpoint's version that brought it. */
  urlVersion: number;
  signature: SignatureScheme;
  /** Newest first. */
  secrets: readonly SigningSecret[];
  /** What the receiver asks its callers for. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Endpoints whose targets are remembered: about a kilobyte each. */
const REMEMBERED = 20_000;
/** Looked up in one query. */
const BATCH = 500;

interface Remembered {
  version: number;
  target: EndpointTarget;
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
   * Stops the start where values are sealed under a master key that this process was not given: their signals would fail, and after days of
   * that their endpoints would be disabled.
   *
   * @throws UnsealError
   */
  async onModuleInit(): Promise<void> {
    const unknown = await new SealedValues(this.dataSource).under(this.sealer.knownKeyIds);
    if (unknown.length === 0) return;
    const values = unknown.map(({ column, keyId, count }) => `${count} of ${column} under ${keyId}`).join(', ');
    throw new UnsealError(
      'wrong-key',
      `There are values sealed under another master key (${values}), and this process has ${this.sealer.knownKeyIds.join(', ')}: ` +
        'start it with the master key that the database was filled under, or name that one in previousMasterKeys ' +
        '(SIGNPOST_PREVIOUS_MASTER_KEYS) and run signpost rotate-master-key',
    );
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
      select: { id: true, version: true, urlSealed: true, urlVersion: true, authSealed: true, signature: true },
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
    { id, urlSealed, urlVersion, authSealed, signature }: EndpointEntity,
    secrets: EndpointSecretEntity[],
  ): EndpointTarget | undefined {
    try {
      return {
        url: this.sealer.open(urlSealed, sealContext(id, 'url')),
        urlVersion,
        signature,
        headers: authSealed === null ? undefined : authHeader(openAuth(this.sealer, id, authSealed)),
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
