import { Inject, Injectable } from '@nestjs/common';
import { publicKeyOf } from '../../protocol/secrets.js';
import type { SignalKey } from '../signal/signing-secrets.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import type { SignalKeys } from '../subscriptions/ports.js';
import { SigningKeys } from './signing-keys.js';

/** The installation's signing keys, as signals are signed with them and endpoints show them. */
@Injectable()
export class InstallationSignalKeys implements SignalKeys {
  private readonly now: () => number;

  constructor(
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  async signing(): Promise<readonly SignalKey[]> {
    const ring = await this.keys.ringFor('signal');
    return ring.signing('signal', this.now()).map(({ kid, publicKey, privateKey }) => ({
      kid,
      key: { scheme: 'v1a', publicKey, privateKey },
    }));
  }

  async publicKeys(): Promise<string[]> {
    const ring = await this.keys.ringFor('signal');
    return ring
      .published(this.now())
      .filter(({ use }) => use === 'signal')
      .map(({ publicKey }) => publicKeyOf({ scheme: 'v1a', publicKey, privateKey: null }));
  }
}
