import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { JsonWebKey } from '../../protocol/json-web-key.js';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { In, IsNull, LessThanOrEqual, MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { SIGNPOST_DATA_SOURCE, SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { StateConflictError } from '../subscriptions/errors.js';
import { Sealer, sealContext, UnsealError } from '../subscriptions/sealing.js';
import { excludeOtherNodes } from './exclusive-table.js';
import { KeyCache } from './key-cache.js';
import { KeyRing, type SigningKey, type SigningKeyUse } from './key-ring.js';
import { newSigningKey } from './new-signing-key.js';
import { SigningKeyEntity } from './signing-key.entity.js';
import { activationDelayMs, LONGEST_TOKEN_LIFETIME_MS } from './signing-key-times.js';

/** Each signature of a signal is a header's worth of bytes, and a verifier looks at ten candidates at most. */
const MOST_LIVE_KEYS = 3;
/** Clocks of nodes differ a little. To one that is behind, a key that signs at once would not sign yet, and it would make another. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * The keys that the installation signs with, in the database, so that all nodes sign alike. Rotation never surprises a verifier: a new key
 * is published before it signs, a former one for as long as its signatures count.
 */
@Injectable()
export class SigningKeys implements OnModuleInit {
  private readonly logger = new Logger('Signpost');
  private readonly now: () => number;
  private readonly activationDelayMs: number;
  private readonly cache: KeyCache<'ring', KeyRing>;
  /** Unsealed once, not with each reading. */
  private opened = new Map<string, SigningKey & { sealed: string }>();

  constructor(
    @Inject(SIGNPOST_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now' | 'signingKeys'>,
  ) {
    this.now = options.now ?? Date.now;
    this.activationDelayMs = activationDelayMs(options.signingKeys);
    this.cache = new KeyCache(() => this.read(), this.now);
  }

  /** Stops the start under another master key than the database was filled under: it would make keys that other nodes cannot open. @throws UnsealError */
  async onModuleInit(): Promise<void> {
    for (const { kid, sealed } of await this.live(this.dataSource.manager)) {
      try {
        this.sealer.open(sealed, sealContext(kid, 'signing-key'));
      } catch (error) {
        // A damaged key is made up for by a new one.
        if (error instanceof UnsealError && error.reason === 'wrong-key') throw error;
      }
    }
  }

  /** The keys as every node sees them within a second. Answers at once, without a promise, if they were read within the last second. */
  ring(): KeyRing | Promise<KeyRing> {
    const ring = this.cache.get('ring');
    return ring instanceof Promise ? ring.then((read) => read ?? new KeyRing([])) : (ring ?? new KeyRing([]));
  }

  /** As `ring`, with at least one key that signs for `use`: the first is made when somebody needs it. */
  ringFor(use: SigningKeyUse): KeyRing | Promise<KeyRing> {
    const ring = this.ring();
    if (ring instanceof Promise) return ring.then((read) => this.withKey(read, use));
    return this.withKey(ring, use);
  }

  /**
   * Makes a new key. It is published now and signs once everybody who keeps the published keys must have it; former ones count for
   * `overlapMs` longer, and no shorter than the tokens that they signed. With an overlap of 0, for a key that leaked, it signs at once and
   * the former ones count no more.
   *
   * @throws StateConflictError while another new key waits to sign, or when too many are live
   */
  async rotate(use: SigningKeyUse, overlapMs: number): Promise<SigningKeyEntity> {
    const made = await this.dataSource.transaction(async (manager) => {
      await excludeOtherNodes(manager, 'signpost_signing_key');
      const now = this.now();
      await manager.delete(SigningKeyEntity, { retiresAt: LessThanOrEqual(now) });
      const former = await this.live(manager, use);
      if (overlapMs > 0) refuseCrowd(former, now);
      const waits = overlapMs > 0 && former.length > 0;
      const activatesAt = waits ? now + this.activationDelayMs : now - CLOCKS_DIFFER_MS;
      const end =
        overlapMs > 0 ? activatesAt + Math.max(overlapMs, use === 'token' ? LONGEST_TOKEN_LIFETIME_MS : 0) : now;
      for (const { kid, retiresAt } of former) {
        await manager.update(SigningKeyEntity, { kid }, { retiresAt: Math.min(retiresAt ?? end, end) });
      }
      return this.insert(manager, use, now, activatesAt);
    });
    this.cache.forget('ring');
    return made;
  }

  /** Removes keys that are retired, `limit` at most; answers how many. */
  async prune(limit: number): Promise<number> {
    const { manager } = this.dataSource;
    const retired = await manager.find(SigningKeyEntity, {
      select: { kid: true },
      where: { retiresAt: LessThanOrEqual(this.now()) },
      take: limit,
    });
    if (retired.length > 0) await manager.delete(SigningKeyEntity, { kid: In(retired.map(({ kid }) => kid)) });
    return retired.length;
  }

  private withKey(ring: KeyRing, use: SigningKeyUse): KeyRing | Promise<KeyRing> {
    return ring.signing(use, this.now()).length > 0 ? ring : this.makeFirst(use);
  }

  private async makeFirst(use: SigningKeyUse): Promise<KeyRing> {
    await this.dataSource.transaction(async (manager) => {
      await excludeOtherNodes(manager, 'signpost_signing_key');
      const now = this.now();
      const present = this.ringOf(await this.live(manager, use));
      if (present.signing(use, now).length === 0) await this.insert(manager, use, now, now - CLOCKS_DIFFER_MS);
    });
    this.cache.forget('ring');
    return this.ring();
  }

  private async insert(manager: EntityManager, use: SigningKeyUse, now: number, activatesAt: number) {
    const key = await newSigningKey(this.sealer, use, now, activatesAt);
    await manager.insert(SigningKeyEntity, key);
    return key;
  }

  private live(manager: EntityManager, use?: SigningKeyUse): Promise<SigningKeyEntity[]> {
    const of = use === undefined ? {} : { use };
    return manager.find(SigningKeyEntity, {
      where: [
        { ...of, retiresAt: IsNull() },
        { ...of, retiresAt: MoreThan(this.now()) },
      ],
    });
  }

  private async read(): Promise<KeyRing> {
    const rows = await this.live(this.dataSource.manager);
    const ring = this.ringOf(rows);
    for (const kid of this.opened.keys()) if (!rows.some((row) => row.kid === kid)) this.opened.delete(kid);
    return ring;
  }

  private ringOf(rows: readonly SigningKeyEntity[]): KeyRing {
    return new KeyRing(rows.map((row) => this.open(row)));
  }

  private open({ sealed, ...row }: SigningKeyEntity): SigningKey {
    const known = this.opened.get(row.kid);
    if (known?.sealed === sealed) return { ...known, ...row };
    const publicKey = createPublicKey({ key: { ...row.publicJwk }, format: 'jwk' });
    const key = { ...row, sealed, publicKey, privateKey: this.unseal(row.kid, sealed) };
    this.opened.set(row.kid, key);
    return key;
  }

  private unseal(kid: string, sealed: string): KeyObject | null {
    try {
      const jwk = JSON.parse(this.sealer.open(sealed, sealContext(kid, 'signing-key'))) as JsonWebKey;
      return createPrivateKey({ key: jwk, format: 'jwk' });
    } catch (error) {
      this.logger.error(`Signing key ${kid} signs nothing: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}

function refuseCrowd(former: readonly SigningKeyEntity[], now: number): void {
  const instead = 'or rotate without overlap, which ends all former keys at once';
  const waiting = former.find(({ activatesAt }) => activatesAt > now);
  if (waiting) {
    const from = new Date(waiting.activatesAt).toISOString();
    throw new StateConflictError(`Key ${waiting.kid} is new and signs from ${from}; wait until then, ${instead}`);
  }
  if (former.length < MOST_LIVE_KEYS) return;
  throw new StateConflictError(`${former.length} keys are live already; wait until one has retired, ${instead}`);
}
