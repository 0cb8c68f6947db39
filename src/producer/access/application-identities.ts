import { Inject, Injectable } from '@nestjs/common';
import { isId } from '../../protocol/ids.js';
import { SIGNPOST_OPTIONS, type ReceiverIdentity, type SignpostOptions } from '../signpost-options.js';
import { authFailure, type Authenticated, type AuthFailure } from './authenticated.js';
import { KnownReceivers } from './known-receivers.js';
import { DEFAULT_SCOPES } from './scopes.js';

const EVERY_TYPE: readonly string[] = ['*'];

/** Requests whose receiver the application knows by means of its own: a session, a client certificate, a header of its gateway. */
@Injectable()
export class ApplicationIdentities {
  readonly identify: SignpostOptions['identify'];

  constructor(
    @Inject(KnownReceivers) private readonly receivers: KnownReceivers,
    @Inject(SIGNPOST_OPTIONS) { identify }: Pick<SignpostOptions, 'identify'>,
  ) {
    this.identify = identify;
  }

  /** Whom the application says it is. What it throws is its own answer. Without `identify` nobody. */
  async authenticate(request: object): Promise<Authenticated | AuthFailure> {
    const identity = await this.identify?.(request);
    if (!identity) return authFailure('missing');
    return (await this.resolve(identity)) ?? authFailure('unknown');
  }

  private async resolve({
    receiver: id,
    scopes,
    types,
    id: identity,
  }: ReceiverIdentity): Promise<Authenticated | undefined> {
    const receiver = isId('rcv', id) ? await this.receivers.get(id) : undefined;
    if (!receiver) return undefined;
    const credential = { id: null, scopes: scopes ?? DEFAULT_SCOPES, types: types ?? EVERY_TYPE };
    return { kind: 'application', receiver, credential, identity };
  }
}
